"""The API's view of chats and messages."""
