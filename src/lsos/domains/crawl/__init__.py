"""Crawl and audit of a campaign's site."""
