"""The site's own entity graph, and how well it says who the business is."""
