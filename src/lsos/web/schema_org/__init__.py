"""What structured data says, whatever shape its values were given in."""
