"""What people do in the simulated Telegram: write, edit, send media, press buttons, come and go."""

from typing import Any

from bots.simulator import media, wire
from bots.simulator.state import TelegramState
from bots.simulator.wire import JSON, SOMEBODY, Person, SimulatedChat, StoredFile


class ActingPeople:
    """Each act returns the update that Telegram makes of it, `{"update_id", kind: {…}}`.

    It is queued for the bot, unless the bot asked for other kinds only (allowed_updates). A chat that is
    not known yet is made: a private one for a positive id, a supergroup for -100…, else a group.
    """

    def __init__(self, state: TelegramState) -> None:
        self.state = state

    def add_update(self, payload: object) -> int:
        """Queue exactly this, whatever it is, and return its id; without `update_id` it gets the next."""
        return self.state.add_update(payload)

    def add_chat(self, chat_id: int, title: str, *, chat_type: str = "") -> SimulatedChat:
        """Make a chat (`private`, `group`, `supergroup`, `channel`); one that is there stays as it is."""
        return self.state.add_chat(chat_id, title=title, chat_type=chat_type)

    def add_file(self, content: bytes, *, path: str, size: int | None = None) -> StoredFile:
        """Keep a file for getFile; `size` (bytes) may claim more than there is."""
        return self.state.add_file(content, path=path, size=size)

    # --- messages -----------------------------------------------------------------------------
    def client_writes(
        self,
        chat_id: int,
        text: str = "",
        *,
        user: Person = SOMEBODY,
        reply_to: int | None = None,
        **message_fields: Any,
    ) -> JSON:
        """A new message; `message_fields` are Telegram's, and win (`date`, `photo`, `caption` …)."""
        with self.state.lock:
            chat = self.state.add_chat(chat_id, title=user.first_name if chat_id > 0 else "")
            fields: JSON = {"text": text} if text else {}
            if reply_to in chat.messages:
                target = chat.messages[reply_to]
                fields["reply_to_message"] = {
                    key: value for key, value in target.items() if key != "reply_to_message"
                }
            is_channel = chat.type == "channel"
            author = None if is_channel else user.as_user()
            message = self.state.write(chat, author, **(fields | message_fields))
            return self.state.happens("channel_post" if is_channel else "message", message)

    def sends_photo(
        self, chat_id: int, caption: str = "", *, content: bytes = media.PHOTO, **fields: Any
    ) -> JSON:
        file = self.state.add_file(content, path="photos/photo.jpg")
        words = {"caption": caption} if caption else {}
        return self.client_writes(chat_id, **(wire.photo_fields(file) | words | fields))

    def sends_voice(
        self,
        chat_id: int,
        *,
        seconds: int = 3,
        content: bytes | None = None,
        size: int | None = None,
        mime_type: str = "audio/ogg",
        **fields: Any,
    ) -> JSON:
        """A voice message, silent unless `content` says otherwise."""
        content = media.silent_voice(seconds=seconds) if content is None else content
        file = self.state.add_file(content, path="voice/voice.oga", size=size)
        voice = wire.voice_fields(file, seconds=seconds, mime_type=mime_type)
        return self.client_writes(chat_id, **(voice | fields))

    def sends_sticker(self, chat_id: int, emoji: str = "🌷", **fields: Any) -> JSON:
        file = self.state.add_file(media.PHOTO, path="stickers/sticker.webp")
        return self.client_writes(chat_id, **(wire.sticker_fields(file, emoji=emoji) | fields))

    def edits(self, chat_id: int, message_id: int, text: str, **message_fields: Any) -> JSON:
        """The author changes a message: its text, or its caption where it is a captioned one."""
        with self.state.lock:
            chat = self.state.chats[chat_id]
            message = chat.messages[message_id]
            message["text" if "text" in message else "caption"] = text
            message["edit_date"] = int(self.state.clock())
            message |= message_fields
            kind = "edited_channel_post" if chat.type == "channel" else "edited_message"
            return self.state.happens(kind, message)

    # --- buttons ------------------------------------------------------------------------------
    def presses_button(self, chat_id: int, message_id: int, data: str, *, user: Person = SOMEBODY) -> JSON:
        """Somebody presses a button of the bot's message: a callback query that can be answered."""
        with self.state.lock:
            query_id = f"{self.state.updates.next_id}"
            self.state.open_queries.add(query_id)
            query = {
                "id": query_id,
                "from": user.as_user(),
                "message": self.state.chats[chat_id].messages[message_id],
                "chat_instance": f"{abs(chat_id)}",
                "data": data,
            }
            return self.state.happens("callback_query", query)

    def presses(self, chat_id: int, message_id: int, label: str, *, user: Person = SOMEBODY) -> JSON:
        """The same for the button that bears this label now; KeyError where there is none."""
        with self.state.lock:
            message = self.state.chats[chat_id].messages[message_id]
            data = wire.buttons(message)[label]["callback_data"]
            return self.presses_button(chat_id, message_id, data, user=user)

    # --- chats --------------------------------------------------------------------------------
    def kicks_bot(self, chat_id: int, *, user: Person = SOMEBODY) -> JSON:
        """The bot is put out of the group: sendMessage answers 403 from now on."""
        with self.state.lock:
            chat = self.state.add_chat(chat_id)
            chat.refusal = f"Forbidden: bot was kicked from the {chat.type} chat"
            return self.state.happens(
                "my_chat_member",
                {
                    "chat": chat.as_chat(),
                    "from": user.as_user(),
                    "date": int(self.state.clock()),
                    "old_chat_member": {"user": self.state.bot.as_user(), "status": "member"},
                    "new_chat_member": {
                        "user": self.state.bot.as_user(),
                        "status": "kicked",
                        "until_date": 0,
                    },
                },
            )

    def upgrades_group(self, chat_id: int, new_id: int, *, user: Person = SOMEBODY) -> list[JSON]:
        """A group becomes a supergroup: a service message on either side; the old id only points on."""
        with self.state.lock:
            old = self.state.add_chat(chat_id)
            new = self.state.add_chat(new_id, title=old.title, chat_type="supergroup")
            farewell = self.client_writes(old.id, user=user, migrate_to_chat_id=new.id)
            welcome = self.client_writes(new.id, user=user, migrate_from_chat_id=old.id)
            old.migrated_to = new.id
            return [farewell, welcome]
