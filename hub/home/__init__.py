"""Home: a person's portals, and the work that waits for them.

- `company.py`: what waits for a company's Super User; `endings.py`: what ends soon there.
- `own.py`: what a user can do and has asked for.
- `staff.py`: what waits for the provider's staff.
- `guide.py`: the first steps of a company, and of the provider.
- `page.py`: all of it, for the page.
"""

from hub.home.company import Work, work_of
from hub.home.own import Own, own_of
from hub.home.page import home_of
from hub.home.staff import StaffWork, staff_work_of

__all__ = ["Own", "StaffWork", "Work", "home_of", "own_of", "staff_work_of", "work_of"]
