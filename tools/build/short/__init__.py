"""The short course: pages that are cut from the long ones, and the code they keep."""
