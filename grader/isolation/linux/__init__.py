"""What the Linux kernel offers: control groups, huge pages, seccomp, priorities."""
