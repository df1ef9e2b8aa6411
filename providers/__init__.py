"""The CIM model: one class family a file, over tables of states and associations."""
