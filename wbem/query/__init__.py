"""Query languages: FQL, CQL and WQL to one tree, and the tree to a test of rows.

The rule: text and trees in, objects out. A query is read once (`reading`), compiled once
(`matching`) and asked of many rows; nothing here knows where rows or classes come from (`rows`).
"""
