"""One style of dates that nobody can misread, the OQLF's for hours: 28 nov. 2026, 14 h 05."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j N Y"
TIME_FORMAT = "G\u00a0\\h\u00a0i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = f"{DATE_FORMAT}, {TIME_FORMAT}"
MONTH_DAY_FORMAT = "j N"
YEAR_MONTH_FORMAT = "F Y"
FIRST_DAY_OF_WEEK = 1
