/* The transports' tables, one a file. */
#pragma once

#include "migration/move/transport/transport.h"

extern const struct transport transport_tcp;
