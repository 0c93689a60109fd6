/* fd: as tcp with one stream; both hand descriptors over. */
#include "migration/move/transport/direct.h"
#include "migration/move/transport/table.h"

const struct transport transport_fd = {
    .name = "fd",
    .traits = TRANSPORT_TWO_WAY,
    .guard = "token",
    .listen = direct_listen,
    .ticket = direct_ticket,
    .receive = direct_receive,
    .connect = direct_connect,
    .send = direct_send,
    .probe = direct_probe,
    .break_off = direct_break_off,
    .close = direct_close,
};
