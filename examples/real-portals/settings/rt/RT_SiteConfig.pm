# Request Tracker 5 as a portal of the hub. Debian's paths, but all that it writes is private.

Set($rtname, 'harbour.example');
Set($Organization, 'harbour.example');
Set($CorrespondAddress, 'tickets@harbour.example');
Set($CommentAddress, 'tickets-comment@harbour.example');

Set($WebDomain, 'tickets.localhost');
Set($WebPort, @TICKETING_PORT@);
Set($WebBaseURL, '@TICKETING_URL@');
Set($WebPath, '');

Set($DatabaseType, 'SQLite');
Set($DatabaseName, '@FOLDER@/rt/data/rt.sqlite3');

# The web server has signed the person in. RT makes an account at the first visit, and asks again
# at each request who it is.
Set($WebRemoteUserAuth, 1);
Set($WebRemoteUserContinuous, 1);
Set($WebRemoteUserAutocreate, 1);
Set($WebFallbackToRTLogin, 0);
Set($UserAutocreateDefaultsOnLogin, { Privileged => 0, Lang => 'en' });
# Our own component root has two callbacks: the permissions of the hub, and a way to sign out.
$MasonLocalComponentRoot = '@FOLDER@/rt/html';
$MasonDataDir = '@FOLDER@/rt/data/mason';
$MasonSessionDir = '@FOLDER@/rt/data/sessions';
$VarPath = '@FOLDER@/rt/data';

Set($MailCommand, 'testfile');  # a real one sends: 'sendmailpipe'
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($LogToFile, 'warning');
Set($LogDir, '@FOLDER@/rt/data');
Set($StatementLog, undef);
Set($DevelMode, 0);
1;
