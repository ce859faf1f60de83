"""What is wrong with the training of a recurrent network of torch's."""

from rnncore.diagnose.findings import Finding, find_faults
from rnncore.diagnose.run import diagnose

__all__ = ["Finding", "diagnose", "find_faults"]
