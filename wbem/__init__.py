"""The wire: paths, values, operations and replies, the CIM-XML codec, DSP0200 header rules."""
