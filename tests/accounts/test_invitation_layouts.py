"""The exports of other tools, as lists of people to invite: who is named, and who is not ticked."""

# ruff: noqa: E501 (the headings of the tools are long)

import io

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Invitation
from accounts.services.invitations import (
    Invitee,
    check_invitees,
    columns_of,
    invite_people,
    invitees_in_table,
    invitees_in_text,
    without_passwords,
    without_title,
)
from accounts.services.invitations.layouts import heading_key
from accounts.spreadsheets import Line, read_table

IDA, OLE = ("ida@pine.example", "Ida Oak"), ("ole@pine.example", "Ole Elm")

# In each file Ida is active. Whoever follows is not, but Ole.
FILES = {
    "Google Workspace": """
First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Org Unit Path [Required],Status [READ ONLY],Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,Work Phone,Manager Email,New Status [UPLOAD ONLY]
Ida,Oak,ida@pine.example,****,/,Active,2026/04/10 04:05:20,ida@home.example,i@home.example,,boss@pine.example,
Ole,Elm,ole@pine.example,****,/,Active,Never logged in,,,,,
Pia,Ash,pia@pine.example,****,/,Suspended,2025/01/01 00:00:00,,,,,
Kay,Fir,kay@pine.example,****,/,Archived,2025/01/01 00:00:00,,,,,
""",
    "Microsoft 365, export of users": """
Display name,DirSyncEnabled,User principal name,Object Id,First name,Last name,When created,Soft deletion time stamp,Title,State or province,Block credential,Licenses,Password never expires,Phone number,Proxy addresses
"Oak, Ida (Pine)",False,i.oak@pine.onmicrosoft.example,a1,Ida,Oak,2022-03-18 19:49:35Z,,Clerk,QC,False,Unlicensed,False,514 555 0100,smtp:i.oak@pine.onmicrosoft.example+SMTP:ida@pine.example
Ole Elm,False,ole@pine.example,a2,,,2022-03-18 19:49:35Z,,,,False,,False,,
Pia Ash,False,pia@pine.example,a3,Pia,Ash,2022-03-18 19:49:35Z,,,,True,,False,,
Kay Fir,False,kay@pine.example,a4,Kay,Fir,2022-03-18 19:49:35Z,2026-01-02 03:04:05Z,,,False,,False,,
""",
    "Microsoft 365, template for many users": """
User Name,First Name,Last Name,Display Name,Job Title,Department,Office Number,Office Phone,Mobile Phone,Fax,Alternate email address,Address,City,State or Province,ZIP or Postal Code,Country or Region
ida@pine.example,Ida,Oak,Ida Oak,Clerk,,12,514 555 0100,,,ida@home.example,1 Oak Street,Laval,QC,,Canada
ole@pine.example,,,Ole Elm,,,,,,,,,,,,
""",
    "Microsoft Entra, download": """
userPrincipalName,displayName,surname,mail,givenName,objectId,userType,jobTitle,accountEnabled,usageLocation,state,alternateEmailAddress
i.oak@pine.onmicrosoft.example,Ida O.,Oak,ida@pine.example,Ida,b1,Member,,True,CA,QC,ida@home.example
ole@pine.example,Ole Elm,,,,b2,Member,,TRUE,CA,QC,
pia@pine.example,Pia Ash,Ash,pia@pine.example,Pia,b3,Member,,False,CA,QC,
""",
    "Microsoft Entra, template": """
version:v1.0
Name [displayName] Required,User name [userPrincipalName] Required,Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,First name [givenName],Last name [surname],Job title [jobTitle]
Example: Chris Green,chris@pine.example,myPassword1234,No,Chris,Green,Worker
Ida Oak,ida@pine.example,Secret1!,No,Ida,Oak,
Ole Elm,ole@pine.example,Secret1!,No,,,
Pia Ash,pia@pine.example,Secret1!,Yes,Pia,Ash,
""",
    "Microsoft Entra, template in French": """
version:v1.0
Nom [displayName] Obligatoire;Nom d'utilisateur [userPrincipalName] Obligatoire;Mot de passe initial [passwordProfile] Obligatoire;Bloquer la connexion (Oui/Non) [accountEnabled] Obligatoire;Prénom [givenName];Nom de famille [surname]
Ida O.;ida@pine.example;Secret1!;Non;Ida;Oak
Ole Elm;ole@pine.example;Secret1!;Non;;
Pia Ash;pia@pine.example;Secret1!;Oui;Pia;Ash
""",
    "Google Contacts": """
First Name,Middle Name,Last Name,Phonetic First Name,Nickname,File As,Organization Name,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value
Ida,,Oak,,Idy,,Pine,"Two
lines",* myContacts,* Work,ida@pine.example ::: ida@home.example,,,Mobile,514 555 0100 ::: 514 555 0101
Ole,,Elm,,,,,,,,,Work,ole@pine.example,,
""",
    "Google Contacts, before 2024": """
Name,Given Name,Additional Name,Family Name,Yomi Name,Nickname,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Value
Ida Oak,Ida,,Oak,,,* Work,ida@pine.example,
Ole Elm,,,,,,* Work,ole@pine.example,
""",
    "Outlook": """
First Name,Middle Name,Last Name,Title,Suffix,Web Page,Business Street,Business Phone,Mobile Phone,E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,E-mail 3 Address,Location,Manager's Name
Ida,,Oak,,,,"12 Oak Street
Suite 4",514 555 0100,,ida@pine.example,SMTP,Ida Oak (ida@pine.example),,,,
Ole,,Elm,,,,,,,,,,ole@pine.example,,,
""",
    "Outlook in French": """
"Titre","Prénom","Deuxième prénom","Nom","Suffixe","Société","Service","Titre","Rue (bureau)","Téléphone (bureau)","Téléphone (domicile)","Adresse de messagerie","Type de messagerie","Nom complet de l'adresse de messagerie","Adresse de messagerie 2","Compte","Nom de l'assistant(e)"
"","Ida","","Oak","","Pine","","","12, rue Oak
Bureau 4","514 555 0100","","ida@pine.example","SMTP","Ida Oak (ida@pine.example)","","",""
"","Ole","","Elm","","","","","","","","","","","ole@pine.example","",""
""",
    "Slack": """
username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,expiration-timestamp
ida,ida@pine.example,Workspace Owner,1,1,0,U1,Ida Oak,idy,
ole,ole@pine.example,Single-Channel Guest,1,0,0,U2,Ole Elm,,
pia,pia@pine.example,Deactivated,0,0,0,U3,Pia Ash,pia,
helper,helper@pine.example,Bot,0,0,0,U4,Helper,helper,
""",
    "Zoho Mail": """
Email Address,First Name,Last Name,Display Name,Role,Account Status,Mailbox Status,Last Login
ida@pine.example,Ida,Oak,Ida,Super Administrator,Active,Enabled,10/04/2026
ole@pine.example,Ole,Elm,,Member,Active,Enabled,
pia@pine.example,Pia,Ash,,Member,Active,Disabled,
kay@pine.example,Kay,Fir,,Member,Blocked,Enabled,
""",
    "HubSpot, users": """
User ID,First name,Last name,Email,Last login date,Assigned teams,Role,Status
1,Ida,Oak,ida@pine.example,2026-01-02,Sales,Super Admin,Active
2,Ole,Elm,ole@pine.example,,Sales,Marketing,Invited
3,Pia,Ash,pia@pine.example,2025-01-02,Sales,,Deactivated
""",
    "HubSpot, contacts": """
Record ID,First Name,Last Name,Email,Phone Number,Marketing contact status,Lead Status
11,Ida,Oak,ida@pine.example,,Marketing contact,New
12,Ole,Elm,ole@pine.example,,Non-marketing contact,
""",
    "cPanel": """
email,domain,password,quota,suspended_login,suspended_incoming
ida,pine.example,Secret1!,250,0,0
ole@pine.example,pine.example,Secret1!,250,0,0
pia,pine.example,Secret1!,250,1,0
kay,pine.example,Secret1!,250,0,1
""",
    "a list in French": """
Prénom;Nom;Courriel;Statut
Ida;Oak;Ida@Pine.example;Actif
Ole;Elm;ole@pine.example;
Pia;Ash;pia@pine.example;Désactivée
""",
}  # fmt: skip
NAMELESS = {"cPanel"}


def people_in(text):
    lines = without_passwords(read_table(io.BytesIO(text.strip().encode())))
    return invitees_in_table(lines, columns_of(lines))


@pytest.mark.parametrize("tool", FILES)
def test_an_export_is_understood_as_it_comes(tool, alice, alder):
    invitees = people_in(FILES[tool])
    checked = check_invitees(actor=alice, customer=alder, invitees=invitees)
    valid = [(row.address, row.invitee.name) for row in checked if row.is_valid]
    assert valid == [(a, "" if tool in NAMELESS else name) for a, name in (IDA, OLE)]
    assert {row.role for row in checked} == {"user"}, "no role of another tool is ours"
    others = [row for row in checked if not row.is_valid]
    assert {row.state.value for row in others} <= {"inactive"}
    assert all(row.column and row.value and "Tick it" in row.problem for row in others)
    text = repr(invitees)
    assert "home.example" not in text
    assert "boss@" not in text
    assert "Secret" not in text


@pytest.mark.parametrize("tool", [tool for tool in FILES if "pia@pine" in FILES[tool]])
def test_suspended_accounts_are_invited_only_when_ticked(tool, alice, alder):
    invitees = people_in(FILES[tool])
    invite_people(actor=alice, customer=alder, invitees=invitees)
    sent = Invitation.objects.filter(address__endswith="@pine.example")
    assert sorted(sent.values_list("address", flat=True)) == [IDA[0], OLE[0]]
    again = invite_people(
        actor=alice, customer=alder, invitees=invitees, ticked=["pia@pine.example"]
    )
    assert [row.address for row in again if row.state == "sent"] == ["pia@pine.example"]
    assert sent.count() == 3


@pytest.mark.parametrize(
    ("heading", "row", "name"),
    [
        ("Prénom;Nom;Courriel", "Gina;Roy;g@x.example", "Gina Roy"),
        ("Nom;Prénom;Courriel", "Roy;Gina;g@x.example", "Gina Roy"),
        ("Nom de famille;Prénom;Nom;Courriel", "Roy;Gina;G. R.;g@x.example", "Gina Roy"),
        ("First Name;Name;Email", "Gina;Roy;g@x.example", "Gina Roy"),
        ("First Name;Name;Email", "Gina;Gina Roy;g@x.example", "Gina Roy"),
        ("First Name;Last Name;Name;Email", "Gina;;Gina Roy;g@x.example", "Gina Roy"),
        ("Nom complet;Courriel", "Gina Roy;g@x.example", "Gina Roy"),
        ("Nom;Courriel", "Gina Roy;g@x.example", "Gina Roy"),
        ("Prénom;Courriel", "Gina;g@x.example", "Gina"),
        ("Courriel", "Gina Roy <g@x.example>", "Gina Roy"),
        ("Courriel", '"Roy, Gina <g@x.example>"', "Roy, Gina"),
        ("Courriel;Nom", "Gina <g@x.example>;Gina Roy", "Gina Roy"),
        ("Courriel;Nom", 'g@x.example;"Roy; Gina ""Gi"""', 'Roy; Gina "Gi"'),
        ("Courriel;Nom;Nom", "g@x.example;Gina Roy;X", "Gina Roy"),
        ("Email;First name;First name;Role;Role", "g@x.example;Gina;X;user;owner", "Gina"),
        ("Email;Name;Phone;Work phone", "g@x.example;Gina;514 555 0100;x", "Gina"),
        (";Courriel;;Nom", "x;g@x.example;y;Gina Roy", "Gina Roy"),
        ("\ufeffPRÉNOM ;nom_de_famille;E\u2011mail", "Gina;Roy;G@X.example", "Gina Roy"),
    ],
)
def test_names_and_addresses_are_joined_and_parted(heading, row, name):
    [invitee] = people_in(f"{heading}\n{row}")
    assert (invitee.address.lower(), invitee.name) == ("g@x.example", name)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Gina Roy\tg@x.example", [("g@x.example", "Gina Roy")]),
        ("g@x.example\tGina Roy\n", [("g@x.example", "Gina Roy")]),
        ('"Roy, Gina"\tg@x.example', [("g@x.example", "Roy, Gina")]),
        ("Roy, Gina\tg@x.example\nhugo@x.example\t", [("g@x.example", "Roy, Gina"),
                                                      ("hugo@x.example", "")]),
        ("Gina Roy\tGina <g@x.example>", [("g@x.example", "Gina")]),
        ("g@x.example\th@x.example", [("g@x.example", ""), ("h@x.example", "")]),
    ],
)  # fmt: skip
def test_two_pasted_columns_are_a_name_and_an_address(text, people):
    found = invitees_in_text(text)
    assert [(invitee.address, invitee.name) for invitee in found] == people


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["", "sep=;"])
def test_any_encoding_and_line_end(encoding, end, first):
    text = end.join(filter(None, [first, "Prénom;Nom;Courriel", "Zoë;Lévesque;z@x.example", ""]))
    lines = read_table(io.BytesIO(text.encode(encoding)))
    [invitee] = invitees_in_table(lines, columns_of(lines))
    assert (invitee.address, invitee.name) == ("z@x.example", "Zoë Lévesque")


def states(alice, alder, text, **more):
    checked = check_invitees(actor=alice, customer=alder, invitees=people_in(text), **more)
    return [(row.invitee.line, row.state.value) for row in checked]


def test_a_line_that_is_left_out_names_the_column_that_says_so():
    [invitee] = people_in("Email,Name,Status\ng@x.example,Gina,Suspended")
    assert (invitee.inactive_column, invitee.inactive) == ("Status", "Suspended")

    [invitee] = invitees_in_table([Line(1, ["g@x.example", "Example: Gina"])], ["address", "name"])
    assert (invitee.inactive_column, invitee.inactive) == ("Column 2", "Example: Gina")


def test_beside_a_first_name_the_first_name_column_is_the_last_name():
    [invitee] = people_in("Email,First name,Nom,Name\ng@x.example,Gina,Roy,groy")
    assert invitee.name == "Gina Roy"


def test_a_person_named_twice_is_suspended_if_either_line_says_so(alice, alder):
    text = "Email,Name,Status\nG@x.example,Gina,Active\ng@x.example,Gina Roy,Suspended"
    assert states(alice, alder, text) == [(2, "inactive"), (3, "duplicate")]
    assert states(alice, alder, text, ticked=["g@x.example"]) == [(2, "valid"), (3, "duplicate")]
    [_first, second] = check_invitees(actor=alice, customer=alder, invitees=people_in(text))
    assert second.problem == "No action needed: line 2 has this address."


def test_a_line_that_cannot_be_read_invites_nobody(alice, alder):
    text = (
        "Email,Name,Status\n"
        'g@x.example,"Gina,Suspended\n'
        "h@x.example,Hugo,Active\n"
        'i@x.example,Iris",Active\n'
        "g@x.example,Gina,Active\n"
        "j@x.example,Roy, Jo,Active\n"
    )
    expected = [(2, "bad"), (3, "valid"), (4, "valid"), (5, "inactive"), (6, "bad")]
    assert states(alice, alder, text) == expected
    rows = check_invitees(actor=alice, customer=alder, invitees=people_in(text))
    assert "Check its quotation marks" in rows[0].problem
    assert rows[0].value == 'g@x.example,"Gina,Suspended'
    assert rows[3].problem.startswith("Line 2 also has this address and can't be read.")


@pytest.mark.parametrize(
    ("status", "state"),
    [("Active", "valid"), ("", "valid"), ("ACTIF", "valid"), ("Suspendu", "inactive"),
     ("On leave", "inactive"), ("Locked out", "inactive"), ("no", "inactive")],
)  # fmt: skip
def test_only_known_words_are_active(status, state, alice, alder):
    assert states(alice, alder, f"Email,Status\ng@x.example,{status}") == [(2, state)]


@pytest.mark.parametrize(
    ("heading", "value", "state"),
    [
        ("Suspended", "TRUE", "inactive"), ("Suspended", "no", "valid"),
        ("Is active", "0", "inactive"), ("Enabled", "true", "valid"),
        ("Compte désactivé", "oui", "inactive"), ("Deleted at", "2026-01-02", "inactive"),
        ("Bloqué", "", "valid"), ("Sign-in status", "Sign-in blocked", "inactive"),
        ("State", "QC", "valid"), ("Marketing contact status", "x", "valid"),
    ],
)  # fmt: skip
def test_columns_that_block(heading, value, state, alice, alder):
    assert states(alice, alder, f"Email,{heading},Note\ng@x.example,{value},n") == [(2, state)]


def test_roles_of_another_tool_are_those_of_a_user(alice, alder):
    text = "Email,Role\ng@x.example,Super Admin\nh@x.example,"
    people = people_in(text)
    checked = check_invitees(actor=alice, customer=alder, invitees=people, role="super_user")
    assert [row.role for row in checked] == ["user", "super_user"]
    mixed = f"{text}\ni@x.example,Super User"
    rows = check_invitees(actor=alice, customer=alder, invitees=people_in(mixed))
    assert [row.state.value for row in rows] == ["bad", "valid", "valid"]
    assert (rows[0].column, rows[0].value) == ("Role", "Super Admin")
    assert "Enter User or Super User" in rows[0].problem


@pytest.mark.parametrize("cell", ["g@x.example; h@x.example", "<g@x.example", 'g@x."example'])
def test_a_suspended_line_of_two_addresses_counts_for_both(cell, alice, alder):
    people = [
        Invitee(cell, line=2, inactive="Suspended", inactive_column="Status"),
        Invitee("g@x.example", line=3),
    ]
    rows = check_invitees(actor=alice, customer=alder, invitees=people)
    assert [row.state.value for row in rows] == ["bad", "inactive"]


def test_a_title_above_the_heading_is_passed_over():
    text = "Liste du personnel;;\nPrénom;Nom;Courriel\nGina;Roy;g@x.example"
    lines = without_title(read_table(io.BytesIO(text.encode())))
    [invitee] = invitees_in_table(lines, columns_of(lines))
    assert (invitee.name, invitee.line) == ("Gina Roy", 3)
    plain = [Line(1, ["Who"]), Line(2, ["g@x.example", "Gina"])]
    assert without_title(plain) == plain


@pytest.mark.parametrize("text", ["Ida,ida@x.example,Secret1!,x,y", 'ida@x.example,"Secret1!,x'])
def test_a_broken_line_keeps_no_password(text):
    lines = read_table(io.BytesIO(f"email,password,domain\n{text}\n".encode()))
    [_heading, line] = without_passwords(lines)
    assert line.is_broken
    assert "ida@x.example" in line.cells[0]
    assert "Secret" not in repr(line)


def test_a_name_is_one_line_and_no_address():  # Outlook; Microsoft 365's shared mailboxes
    [first, second] = people_in('Email,Name\ng@x.example,"Gina\nRoy"\nH@x.example,h@x.example')
    assert (first.name, second.name) == ("Gina Roy", "")


def test_the_sign_in_name_of_a_guest_is_no_address(alice, alder):  # Microsoft Entra
    [row] = check_invitees(
        actor=alice,
        customer=alder,
        invitees=people_in("userPrincipalName,mail\ng_x.example#EXT#@pine.example,"),
    )
    assert (row.state.value, row.column) == ("bad", "Email address")
    assert "guest" in row.problem


def test_every_field_says_what_is_wrong_with_it(alice, alder):
    people = [
        Invitee("nobody", line=2),
        Invitee("g@x.example", line=3, team="Nowhere"),
        Invitee("g@x.example", line=4, work_phone="call me"),
        Invitee("g@x.example", line=5, name="see www.x.example"),
    ]
    rows = check_invitees(actor=alice, customer=alder, invitees=people)
    assert [(row.column, row.value) for row in rows] == [
        ("Email address", "nobody"),
        ("Team", "Nowhere"),
        ("Work phone", "call me"),
        ("Name", "see www.x.example"),
    ]
    assert rows[0].problem == (
        "This email address is not complete. Correct it and check the list again."
    )
    assert rows[1].problem.endswith("Create the team first, or leave this empty.")
    assert all(row.problem.endswith("check the list again.") for row in rows[2:])


def test_many_columns_and_a_heading_alone():
    wide = ",".join(f"f{n}" for n in range(399))
    [invitee] = people_in(f"{wide},Email\n{',' * 399}g@x.example")
    assert invitee.address == "g@x.example"
    assert people_in("Email,Name") == []


def test_an_unknown_column_name_is_refused():
    lines = [Line(1, ["Email"]), Line(2, ["g@x.example"])]
    for columns in (["address", "is_staff"], ["name"], ["address", "address"]):
        with pytest.raises(ValidationError):
            invitees_in_table(lines, columns)
    assert len(invitees_in_table(lines, ["address", "status", "status"])) == 1


@settings(deadline=None)
@given(
    heading=st.sampled_from(["Email", "Name", "Notes", "", "Prénom"]) | st.text(max_size=12),
    cell=st.text(max_size=12),
    at=st.integers(0, 3),
)
def test_no_added_column_unblocks_an_account(heading, cell, at):
    """Whatever a further column holds, a suspended person is named as such, or not named."""
    rows = [["Email", "Block credential", "Status"], ["g@x.example", "True", "Suspended"]]
    added = [heading.replace("@", ""), cell]
    lines = [
        Line(number, [*row[:at], text, *row[at:]])
        for number, (row, text) in enumerate(zip(rows, added, strict=True), start=1)
    ]
    columns = columns_of(lines)
    for invitee in invitees_in_table(lines, columns) if columns else []:
        assert invitee.inactive or invitee.address != "g@x.example"


@pytest.mark.parametrize(
    ("text", "key"),
    [("First Name [Required]", "first name"), ("givenName", "given name"),
     ("billing-active", "billing active"), ("Téléphone (bureau)", "telephone (bureau)"),
     ("Courriel (@)", "courriel"), ("Prénom (1) [givenName] Obligatoire", "given name"),
     ("E\u2011mail  1 - Value", "e mail 1 value")],
)  # fmt: skip
def test_headings_are_compared_as_words(text, key):
    assert heading_key(text) == key
