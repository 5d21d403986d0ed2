"""A small local business's web site with known faults, so that an audit can be tried offline."""
