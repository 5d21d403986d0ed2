"""A small local business's website with known defects, for trying out an audit offline."""
