/* tcp: the nodes connect, the hypervisors get the descriptors. */
#include "migration/move/transport/direct.h"
#include "migration/move/transport/table.h"

const struct transport transport_tcp = {
    .name = "tcp",
    .traits = TRANSPORT_TWO_WAY,
    .listen = direct_listen,
    .ticket = direct_ticket,
    .receive = direct_receive,
    .connect = direct_connect,
    .send = direct_send,
    .probe = direct_probe,
    .break_off = direct_break_off,
    .close = direct_close,
};
