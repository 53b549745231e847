"""What happened: versioned JSON records."""
