"""The methods of the Bot API, each a function of the state and the checked parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.sandbox.methods import (
    callbacks,
    chats,
    commands,
    editing,
    files,
    messages,
    topics,
    updates,
    webhook,
)

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Method

METHODS: dict[str, Method] = {
    "getMe": chats.get_me,
    "getUpdates": updates.get_updates,
    "setWebhook": webhook.set_webhook,
    "deleteWebhook": webhook.delete_webhook,
    "getWebhookInfo": webhook.get_webhook_info,
    "sendMessage": messages.send_message,
    "sendMessageDraft": messages.send_message_draft,
    "sendChatAction": messages.send_chat_action,
    "setMessageReaction": messages.set_message_reaction,
    "editMessageText": editing.edit_message_text,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "answerCallbackQuery": callbacks.answer_callback_query,
    "sendDocument": files.send_document,
    "sendPhoto": files.send_photo,
    "getFile": files.get_file,
    "setMyCommands": commands.set_my_commands,
    "getMyCommands": commands.get_my_commands,
    "deleteMyCommands": commands.delete_my_commands,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "pinChatMessage": chats.pin_chat_message,
    "unpinChatMessage": chats.unpin_chat_message,
    "createForumTopic": topics.create_forum_topic,
    "editForumTopic": topics.edit_forum_topic,
    "closeForumTopic": topics.close_forum_topic,
    "reopenForumTopic": topics.reopen_forum_topic,
    "deleteForumTopic": topics.delete_forum_topic,
}

# Method names are case-insensitive, as with Telegram.
BY_LOWER_NAME = {name.lower(): name for name in METHODS}

__all__ = ["BY_LOWER_NAME", "METHODS"]
