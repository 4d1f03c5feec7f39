-- When the user last logged out: tokens issued before hold no more.
ALTER TABLE profiles ADD COLUMN logged_out INTEGER;
