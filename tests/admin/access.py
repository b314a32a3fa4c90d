"""Who may open what, and post where: every route of the admin, every action and search.

Letters stand for the groups that migrations make (A administrators, D directors, M managers, V viewers) and
for staff in no group (N); "-" is nobody, also where a route takes no such request. A route, an action or a
field that is new fails the tests until it stands here.
"""

GROUPS = {"A": "Администраторы", "D": "Директора", "M": "Менеджеры", "V": "Наблюдатели", "N": None}

ROUTES = """
route                                     opens    posts
api_apikey_add                            A        A
api_apikey_change                         A        A
api_apikey_changelist                     A        A
api_apikey_chats                          A        -
api_apikey_delete                         -        -
api_apikey_export                         A        -
api_apikey_history                        A        A
api_apikey_revoke                         A        A
api_apikey_rotate                         A        A
api_webhookdelivery_add                   -        -
api_webhookdelivery_again                 -        A
api_webhookdelivery_change                A        -
api_webhookdelivery_changelist            A        A
api_webhookdelivery_delete                -        -
api_webhookdelivery_export                A        -
api_webhookdelivery_history               A        A
api_webhookendpoint_add                   A        A
api_webhookendpoint_change                A        A
api_webhookendpoint_changelist            A        A
api_webhookendpoint_delete                A        A
api_webhookendpoint_history               A        A
api_webhookendpoint_resume                -        A
api_webhookendpoint_rotate                -        A
api_webhookendpoint_test                  -        A
app_list                                  ADMV     ADMV
auth_group_add                            A        A
auth_group_change                         A        A
auth_group_changelist                     A        A
auth_group_delete                         A        A
auth_group_history                        A        A
auth_user_add                             A        A
auth_user_change                          A        A
auth_user_changelist                      A        A
auth_user_delete                          A        A
auth_user_history                         A        A
auth_user_password_change                 A        A
auth_user_people                          A        -
auth_user_second_step                     A        A
autocomplete                              A        -
bots_approvalcard_add                     -        -
bots_approvalcard_change                  AD       -
bots_approvalcard_changelist              AD       AD
bots_approvalcard_delete                  -        -
bots_approvalcard_history                 AD       AD
bots_botmembership_add                    -        -
bots_botmembership_change                 AD       -
bots_botmembership_changelist             AD       AD
bots_botmembership_delete                 -        -
bots_botmembership_history                AD       AD
bots_buttonpress_add                      -        -
bots_buttonpress_change                   AD       -
bots_buttonpress_changelist               AD       AD
bots_buttonpress_delete                   -        -
bots_buttonpress_history                  AD       AD
bots_collectiongap_add                    -        -
bots_collectiongap_change                 AD       -
bots_collectiongap_changelist             AD       AD
bots_collectiongap_delete                 -        -
bots_collectiongap_history                AD       AD
bots_rawupdate_add                        -        -
bots_rawupdate_change                     AD       -
bots_rawupdate_changelist                 AD       AD
bots_rawupdate_delete                     -        -
bots_rawupdate_export                     AD       -
bots_rawupdate_history                    AD       AD
bots_rawupdate_read_all                   -        A
bots_rawupdate_read_one                   -        A
bots_rawupdate_set_aside                  -        A
bots_telegrambot_add                      -        -
bots_telegrambot_change                   AD       A
bots_telegrambot_changelist               AD       AD
bots_telegrambot_delete                   -        -
bots_telegrambot_history                  AD       AD
clients_telegramuser_add                  -        -
clients_telegramuser_change               ADMV     ADM
clients_telegramuser_changelist           ADMV     ADMV
clients_telegramuser_delete               -        -
clients_telegramuser_export               ADMV     -
clients_telegramuser_history              ADMV     ADMV
clients_userrole_add                      A        A
clients_userrole_change                   ADMV     A
clients_userrole_changelist               ADMV     ADMV
clients_userrole_delete                   -        -
clients_userrole_export                   ADMV     -
clients_userrole_history                  ADMV     ADMV
desk_conversation                         ADMV     ADM
desk_conversation_news                    ADMV     -
desk_replies                              ADMV     -
desk_waiting                              ADMV     -
hub_erasure_add                           -        -
hub_erasure_change                        AD       -
hub_erasure_changelist                    AD       AD
hub_erasure_delete                        -        -
hub_erasure_download                      -        AD
hub_erasure_erase                         -        A
hub_erasure_history                       AD       AD
hub_erasure_person                        AD       -
index                                     ADMVN    ADMVN
intents_messageanalysis_add               -        -
intents_messageanalysis_change            ADMV     -
intents_messageanalysis_changelist        ADMV     ADMV
intents_messageanalysis_correct           ADM      ADM
intents_messageanalysis_delete            -        -
intents_messageanalysis_export            ADMV     -
intents_messageanalysis_history           ADMV     ADMV
intents_messagepattern_add                ADM      ADM
intents_messagepattern_change             ADMV     ADM
intents_messagepattern_changelist         ADMV     ADMV
intents_messagepattern_delete             ADM      ADM
intents_messagepattern_export             ADMV     -
intents_messagepattern_history            ADMV     ADMV
intents_messagepattern_try_message        ADMV     ADMV
intents_modelsettings_add                 -        -
intents_modelsettings_change              AD       AD
intents_modelsettings_changelist          AD       AD
intents_modelsettings_delete              -        -
intents_modelsettings_history             AD       AD
intents_modelsettings_try_now             -        AD
intents_reclassification_add              -        -
intents_reclassification_cancel           -        ADM
intents_reclassification_change           ADMV     ADMV
intents_reclassification_changelist       ADMV     ADMV
intents_reclassification_delete           -        -
intents_reclassification_export           ADMV     -
intents_reclassification_history          ADMV     ADMV
intents_reclassification_start            ADM      ADM
login                                     ADMVN    ADMVN
messaging_chat_add                        -        -
messaging_chat_change                     ADMV     ADM
messaging_chat_changelist                 ADMV     ADMV
messaging_chat_delete                     -        -
messaging_chat_export                     ADMV     -
messaging_chat_history                    ADMV     ADMV
messaging_chat_open_conversation          ADMV     ADMV
messaging_historyimport_add               -        -
messaging_historyimport_change            AD       -
messaging_historyimport_changelist        AD       AD
messaging_historyimport_delete            -        -
messaging_historyimport_export            AD       -
messaging_historyimport_history           AD       AD
messaging_message_add                     -        -
messaging_message_change                  ADMV     -
messaging_message_changelist              ADMV     ADMV
messaging_message_delete                  -        -
messaging_message_export                  ADMV     -
messaging_message_history                 ADMV     ADMV
messaging_message_sound                   ADMV     -
messaging_recording_add                   -        -
messaging_recording_change                ADMV     -
messaging_recording_changelist            ADMV     ADMV
messaging_recording_delete                -        -
messaging_recording_export                ADMV     -
messaging_recording_history               ADMV     ADMV
messaging_recording_retry                 -        ADM
messaging_recording_write                 -        ADM
password_change                           ADMVN    ADMVN
password_change_done                      ADMVN    -
sandbox_pendingresponse_add               -        -
sandbox_pendingresponse_bulk              ADM      ADM
sandbox_pendingresponse_bulk_done         ADMV     ADMV
sandbox_pendingresponse_change            ADMV     ADM
sandbox_pendingresponse_changelist        ADMV     ADM
sandbox_pendingresponse_delete            -        -
sandbox_pendingresponse_export            ADMV     -
sandbox_pendingresponse_history           ADMV     ADMV
sandbox_pendingresponse_numbers           ADMV     ADMV
sandbox_pendingresponse_preview           -        ADMV
sandbox_rejectionreason_add               AD       AD
sandbox_rejectionreason_change            AD       AD
sandbox_rejectionreason_changelist        AD       AD
sandbox_rejectionreason_delete            AD       AD
sandbox_rejectionreason_history           AD       AD
sandbox_responseevent_add                 -        -
sandbox_responseevent_change              AD       -
sandbox_responseevent_changelist          AD       AD
sandbox_responseevent_delete              -        -
sandbox_responseevent_export              AD       -
sandbox_responseevent_history             AD       AD
sandbox_sandboxsettings_add               -        -
sandbox_sandboxsettings_change            AD       AD
sandbox_sandboxsettings_changelist        AD       AD
sandbox_sandboxsettings_delete            -        -
sandbox_sandboxsettings_history           AD       AD
search                                    ADMVN    ADMVN
second_step                               ADMVN    ADMVN
staff_loginattempt_add                    -        -
staff_loginattempt_change                 A        -
staff_loginattempt_changelist             A        A
staff_loginattempt_delete                 -        -
staff_loginattempt_history                A        A
two_step                                  ADMVN    ADMVN
"""

# Posted from a list for the rows that were ticked; all others come by routes of their own.
ACTIONS = """
action                                              carried out by
api.apikey.delete_selected                          -
api.apikey.revoke_selected                          A
api.webhookdelivery.delete_selected                 -
api.webhookdelivery.send_selected_again             A
api.webhookendpoint.delete_selected                 A
api.webhookendpoint.resume_selected                 A
auth.group.delete_selected                          A
auth.user.delete_selected                           A
bots.approvalcard.delete_selected                   -
bots.botmembership.accept                           AD
bots.botmembership.delete_selected                  -
bots.buttonpress.delete_selected                    -
bots.collectiongap.delete_selected                  -
bots.collectiongap.resolve                          AD
bots.rawupdate.delete_selected                      -
bots.rawupdate.put_aside                            A
bots.rawupdate.replay                               A
bots.telegrambot.delete_selected                    -
clients.telegramuser.delete_selected                -
clients.userrole.delete_selected                    -
hub.erasure.delete_selected                         -
intents.messageanalysis.delete_selected             -
intents.messagepattern.delete_selected              ADM
intents.messagepattern.switch_off                   ADM
intents.messagepattern.switch_on                    ADM
intents.modelsettings.delete_selected               -
intents.reclassification.delete_selected            -
messaging.chat.delete_selected                      -
messaging.historyimport.delete_selected             -
messaging.message.delete_selected                   -
messaging.recording.delete_selected                 -
messaging.recording.try_again                       ADM
sandbox.pendingresponse.approve_selected            ADM
sandbox.pendingresponse.delete_selected             -
sandbox.pendingresponse.reject_selected             ADM
sandbox.rejectionreason.delete_selected             AD
sandbox.responseevent.delete_selected               -
sandbox.sandboxsettings.delete_selected             -
staff.loginattempt.delete_selected                  -
staff.loginattempt.let_in                           A
"""

# What a field of a form finds as one types.
SEARCHES = """
field                                               found by
clients.telegramuser.staff_account                  A
"""


def table(text: str) -> dict[str, list[str]]:
    """The columns beside each name."""
    _head, *lines = text.strip().splitlines()
    return {name: columns for name, *columns in map(str.split, lines)}
