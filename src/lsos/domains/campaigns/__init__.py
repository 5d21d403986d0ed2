"""Campaigns: a business, its site, locations and competitors."""
