"""The one call that shows a campaign."""
