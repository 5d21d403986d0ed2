"""What a crawl is worth: site analysis, issues, technical score, settings of checks."""
