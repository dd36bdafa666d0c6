<?php
// Roundcube 1.6 as a portal of the hub. It signs in by OpenID Connect, and hands the person's
// token on to Dovecot, which asks the hub about it.

$config['oauth_provider'] = 'generic';
$config['oauth_provider_name'] = 'Harbour';
$config['oauth_client_id'] = '@CLIENT_ID@';
$config['oauth_client_secret'] = '@CLIENT_SECRET@';
$config['oauth_auth_uri'] = '@HUB_URL@/identity/o/authorize';
$config['oauth_token_uri'] = '@HUB_URL@/identity/o/api/token';
$config['oauth_identity_uri'] = '@HUB_URL@/identity/o/api/userinfo';
$config['oauth_identity_fields'] = ['email'];
$config['oauth_scope'] = 'openid profile email offline_access';
$config['oauth_login_redirect'] = true;
$config['oauth_verify_peer'] = '@FOLDER@/ca.pem';

$config['imap_host'] = 'ssl://localhost:@IMAP_PORT@';
$config['imap_conn_options'] = ['ssl' => ['cafile' => '@FOLDER@/ca.pem', 'verify_peer' => true]];

// This example delivers its email itself. A real one names its server: 'tls://smtp.example:587'.
$config['smtp_host'] = 'localhost:25';

$config['db_dsnw'] = 'sqlite:///@FOLDER@/roundcube/data/roundcube.db?mode=0600';
$config['des_key'] = '@DES_KEY@';
$config['product_name'] = 'Harbour webmail';
$config['use_https'] = true;
$config['session_samesite'] = 'Lax';  // people come back from the hub's own site
$config['plugins'] = ['hub_access'];
$config['language'] = 'en_US';
$config['temp_dir'] = '@FOLDER@/roundcube/temp/';
$config['log_dir'] = '@FOLDER@/roundcube/logs/';
