"""The statement behind cvgorod_hub/desk/home/first_replies.py: who answered whom, and what was asked first.

SQL of its own: turns of a conversation are windows over windows, which the ORM cannot say. Its estimated cost
stays below what would have PostgreSQL compile it (jit_above_cost), which takes longer than reading the rows.
"""

# Few are of our staff or programs, so their ids are looked up once: a join would read all people there are.
_PEOPLE = """
staff AS MATERIALIZED (
    SELECT coalesce(array_agg(id), '{}') AS ids FROM users
     WHERE role_id IN (SELECT id FROM user_roles WHERE is_staff)
), programs AS MATERIALIZED (
    SELECT coalesce(array_agg(id), '{}') AS ids FROM users
     WHERE role_id IN (SELECT id FROM user_roles WHERE is_bot AND NOT is_staff)
)
"""
# Whether a message answers (true), asks (false) or does neither (null), as messaging/activity.py has it.
_IS_ANSWER = """
CASE WHEN said.message_type = 'service' THEN NULL
     WHEN said.source = 'sent' THEN true
     WHEN said.source <> 'telegram' THEN NULL
     WHEN said.user_id IS NULL THEN CASE WHEN said.sender_chat_id = said.chat_id THEN true END
     WHEN said.user_id = ANY ((SELECT ids FROM staff)::bigint[]) THEN true
     WHEN said.deleted_at IS NOT NULL OR said.user_id = ANY ((SELECT ids FROM programs)::bigint[]) THEN NULL
     ELSE false END
"""
_NUMBER = "coalesce(said.telegram_message_id, 0)"
_BEFORE = """
 said.chat_id = part.id
 AND said.timestamp >= %(looks_back_to)s::timestamptz AND said.timestamp < %(since)s::timestamptz
"""
# A group that became a supergroup goes on there.
_PARTS = """
 (
   SELECT heads.conversation AS id UNION ALL SELECT id FROM chats WHERE migrated_to_id = heads.conversation
 ) AS part
"""
# By its number where Telegram gave one, as an index has it; else by its moment.
_SENT_TO = """
 reply.sent_at = replies.timestamp AND reply.chat_id IN (
     SELECT replies.chat_id UNION ALL SELECT id FROM chats WHERE migrated_to_id = replies.chat_id)
"""
_SENT = f"""
 (
   SELECT id, approved_by FROM pending_responses AS reply
    WHERE reply.telegram_message_id = nullif(replies.number, 0) AND {_SENT_TO}
   UNION ALL
   SELECT id, approved_by FROM pending_responses AS reply
    WHERE replies.number = 0 AND reply.telegram_message_id IS NULL
      AND reply.created_at >= replies.timestamp - interval '90 days' AND {_SENT_TO}
 )
"""  # noqa: S608  (constants)
# A turn is what one side says until the other one speaks. What a chat's first turn of the period begins with
# may have been asked before: since the newest answer before the period.
REPLIES = f"""
WITH {_PEOPLE}, said AS MATERIALIZED (
    SELECT said.chat_id, said.id, said.timestamp, {_NUMBER} AS number, said.source, said.user_id,
           {_IS_ANSWER} AS is_answer
      FROM messages AS said
     WHERE said.timestamp >= %(since)s::timestamptz AND said.timestamp < %(until)s::timestamptz
), marked AS (
    SELECT said.*, conversation, lag(is_answer) OVER place AS before
      FROM said, LATERAL (
        SELECT coalesce(migrated_to_id, id) AS conversation FROM chats WHERE id = said.chat_id
      ) AS chat
     WHERE is_answer IS NOT NULL AND conversation IS DISTINCT FROM %(review_chat)s::bigint
    WINDOW place AS (PARTITION BY conversation ORDER BY timestamp, number, is_answer)
), turns AS MATERIALIZED (
    SELECT marked.*, row_number() OVER turn AS place, lag(timestamp) OVER turn AS asked_at
      FROM marked WHERE before IS DISTINCT FROM is_answer
    WINDOW turn AS (PARTITION BY conversation ORDER BY timestamp, number, is_answer)
), heads AS (
    SELECT heads.conversation, asked.at
      FROM (SELECT DISTINCT conversation FROM turns WHERE is_answer AND place <= 2) AS heads
      LEFT JOIN LATERAL (
        SELECT newest.*
          FROM {_PARTS}, LATERAL (
            SELECT said.timestamp, {_NUMBER} AS number FROM messages AS said
             WHERE {_BEFORE} AND {_IS_ANSWER} ORDER BY 1 DESC, 2 DESC LIMIT 1
          ) AS newest
         ORDER BY 1 DESC, 2 DESC LIMIT 1
      ) AS answer ON true
     CROSS JOIN LATERAL (
        SELECT min(first.timestamp) AS at
          FROM {_PARTS}, LATERAL (
            SELECT said.timestamp FROM messages AS said
             WHERE {_BEFORE} AND NOT {_IS_ANSWER}
               AND said.timestamp >= coalesce(answer.timestamp, '-infinity')
               AND (said.timestamp, {_NUMBER})
                   > (coalesce(answer.timestamp, '-infinity'), coalesce(answer.number, 0))
             ORDER BY 1 LIMIT 1
          ) AS first
      ) AS asked
), replies AS (
    SELECT turns.*, coalesce(CASE WHEN place <= 2 THEN heads.at END, asked_at) AS first_asked_at
      FROM turns LEFT JOIN heads USING (conversation)
     WHERE is_answer AND (asked_at IS NOT NULL OR heads.at IS NOT NULL)
), approvals AS (
    SELECT replies.id, approval.*
      FROM replies, LATERAL (
        SELECT reply.approved_by, decision.actor_user_id AS account, person.id AS person
          FROM {_SENT} AS reply
          LEFT JOIN LATERAL (
            SELECT actor_user_id FROM pending_response_events
             WHERE response_id = reply.id AND kind IN ('approved', 'retried') ORDER BY id DESC LIMIT 1
          ) AS decision ON true
          LEFT JOIN users AS person ON person.staff_account_id = decision.actor_user_id
         LIMIT 1
      ) AS approval
     WHERE replies.source = 'sent'
)
SELECT replies.id AS message, conversation AS chat, chats.name AS chat_name, chats.time_zone,
       first_asked_at AS asked_at, timestamp AS answered_at, source = 'sent' AS is_sent,
       author.id AS person, author.first_name, author.last_name, author.username, account, approved_by
  FROM replies
  JOIN chats ON chats.id = conversation
  LEFT JOIN approvals ON approvals.id = replies.id
  LEFT JOIN LATERAL (
    SELECT users.* FROM users
     WHERE users.id = CASE WHEN source = 'sent' THEN approvals.person ELSE replies.user_id END OFFSET 0
  ) AS author ON true
 ORDER BY timestamp, replies.id
"""  # noqa: S608  (constants)
