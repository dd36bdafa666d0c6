"""APIs of this app, for portals and billing systems."""
