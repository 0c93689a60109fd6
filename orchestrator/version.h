/* The program's version, from the build. */
#pragma once

#ifndef VTMH_VERSION
#error "the build defines VTMH_VERSION"
#endif
