"""How alike two sprites are as drawings, wherever they stand, mirrored or not, in whatever colours.

`maps` turns pixels into bits that say where a drawing changes, `distance` compares them. Import from the modules.
"""
