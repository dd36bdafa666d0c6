"""Domains at which anybody gets an address: they are no company's own."""

_NAMES = """
    aim.com aol.com att.net bell.net bellsouth.net bigpond.com bluewin.ch btinternet.com comcast.net
    cox.net duck.com earthlink.net fastmail.com fastmail.fm free.fr freenet.de gmail.com gmx.at
    gmx.ch gmx.com gmx.de gmx.fr gmx.net googlemail.com hey.com hotmail.ca hotmail.co.uk hotmail.com
    hotmail.de hotmail.fr hotmail.it hushmail.com icloud.com inbox.com laposte.net libero.it live.ca
    live.co.uk live.com live.fr mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com
    orange.fr outlook.com outlook.de outlook.fr pm.me posteo.de proton.me protonmail.ch
    protonmail.com qq.com rediffmail.com rocketmail.com rogers.com sbcglobal.net sfr.fr shaw.ca
    sympatico.ca t-online.de telus.net tuta.com tuta.io tutanota.com verizon.net videotron.ca
    wanadoo.fr web.de yahoo.ca yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.es yahoo.fr yahoo.it
    yandex.com yandex.ru ymail.com zoho.com 126.com 163.com
"""
PUBLIC_DOMAINS = frozenset(_NAMES.split())
