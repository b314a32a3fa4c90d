"""History from Telegram Desktop's exports.

    opening     PATH -> the one result.json, or why there is none
    repair      its bytes -> valid JSON, counted and hashed on the way
    streaming   JSON -> heads of chats, each followed by its messages, both shapes of the file
    reading     one message of an export -> a row; peers, clock, contents: its parts
    mapping     which chat of the hub it belongs to, or why nobody should guess
    matching    what is already there
    importing   batch after batch, each one transaction
    report      what came of it, for people and programs

Facts about the format: telegramdesktop/tdesktop, export_output_json.cpp, export_data_types.cpp.
"""
