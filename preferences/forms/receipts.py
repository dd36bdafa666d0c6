"""Checking a receipt."""

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.forms import StrictForm

MAX_BYTES = 1024 * 1024


class ReceiptForm(StrictForm):
    """A receipt, as it was downloaded."""

    receipt = forms.FileField(
        label=_("Receipt"),
        help_text=_("The file you downloaded, unchanged."),
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def clean_receipt(self) -> str:
        """Return the text. Raises: ValidationError for a file that is too large or not text."""
        file: UploadedFile = self.cleaned_data["receipt"]
        if (file.size or 0) > MAX_BYTES:
            raise ValidationError(_("This file is too large to be a receipt."), code="size")
        try:
            return file.read().decode()
        except UnicodeDecodeError:
            raise ValidationError(_("This file is not a receipt."), code="text") from None
