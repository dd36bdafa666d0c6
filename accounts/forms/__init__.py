"""Forms that parse what people type; services decide whether it is allowed."""

from accounts.forms.customers import CompanyForm, HandOverForm, SecondFactorForm
from accounts.forms.desk import DeskForm, ReleaseForm
from accounts.forms.edit import EditForm, VersionedForm
from accounts.forms.offboarding import LastDayField, LastDayForm
from accounts.forms.people import AcceptForm, ProfileForm, RoleForm, WorkDetailsForm
from accounts.forms.recoveries import RecoveryForm
from accounts.forms.requests import ASK_FORMS, AnswerForm, AskForm, LinesField, RefuseForm
from accounts.forms.setup import SetupForm
from accounts.forms.strict import (
    ActForm,
    ConfirmationNameForm,
    LineField,
    SearchForm,
    StrictForm,
    UuidsField,
    first_error,
)
from accounts.forms.teams import (
    ChoosePersonForm,
    ChooseTeamForm,
    ChooseTeamsForm,
    JoiningForm,
    RenameForm,
    TeamForm,
)
from accounts.forms.typeahead import TypeaheadField

__all__ = [
    "ASK_FORMS",
    "AcceptForm",
    "ActForm",
    "AnswerForm",
    "AskForm",
    "ChoosePersonForm",
    "ChooseTeamForm",
    "ChooseTeamsForm",
    "CompanyForm",
    "ConfirmationNameForm",
    "DeskForm",
    "EditForm",
    "HandOverForm",
    "JoiningForm",
    "LastDayField",
    "LastDayForm",
    "LineField",
    "LinesField",
    "ProfileForm",
    "RecoveryForm",
    "RefuseForm",
    "ReleaseForm",
    "RenameForm",
    "RoleForm",
    "SearchForm",
    "SecondFactorForm",
    "SetupForm",
    "StrictForm",
    "TeamForm",
    "TypeaheadField",
    "UuidsField",
    "VersionedForm",
    "WorkDetailsForm",
    "first_error",
]
