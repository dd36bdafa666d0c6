"""The portals' programs: what each needs before it starts."""
