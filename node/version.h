/* The program's version, from the build. */
#pragma once

#ifndef NODE_VERSION
#error "the build defines NODE_VERSION"
#endif
