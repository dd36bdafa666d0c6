"""What programs ask over HTTP; thin twins of the pages."""
