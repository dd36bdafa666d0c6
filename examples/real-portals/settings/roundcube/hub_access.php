<?php
// A plugin for Roundcube 1.6: save it as plugins/hub_access/hub_access.php. Dovecot refuses ended
// access at once, but Roundcube would go on showing contacts and settings until its token expires.
// So ask Dovecot every three seconds on any page, and end the session where it says no. Its
// "Login with …" then leads to the hub, which tells the person whom to ask.

class hub_access extends rcube_plugin
{
    public function init()
    {
        $this->add_hook('startup', [$this, 'ask']);
    }

    public function ask($page)
    {
        $rcmail = rcmail::get_instance();
        if (empty($_SESSION['oauth_token']) || time() < ($_SESSION['hub_asked_at'] ?? 0) + 3) {
            return $page;
        }
        $_SESSION['hub_asked_at'] = time();
        $refused = !$rcmail->storage_connect()
            && $rcmail->get_storage()->get_error_code() == rcube_imap_generic::ERROR_NO;
        if ($refused) {
            $rcmail->kill_session();
        }
        return $page;
    }
}
