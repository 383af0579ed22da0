"""What differs between two runs or versions, and where a version comes from. Records in, records out; pure."""
