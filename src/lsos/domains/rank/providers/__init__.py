"""Where ranks come from: synthetic, any JSON source, SerpApi."""
