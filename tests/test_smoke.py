def test_cast(alice, alder, membership):
    assert alder.main_super_user == membership(alice)
