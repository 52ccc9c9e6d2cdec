-- Subscriptions of some platforms end without a word; so the platform is asked.

-- When it is asked the next time; null: not yet decided, or its subscriptions last.
alter table channel_accounts add column subscription_check_at timestamptz;
