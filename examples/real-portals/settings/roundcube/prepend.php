<?php
// For this example alone: the plugin is in a private folder. Others put it into Roundcube's own.
define('RCUBE_PLUGINS_DIR', '@FOLDER@/roundcube/plugins/');
