/* SPDX-License-Identifier: MIT */
/*
 * The registers as gdb knows them: their numbers, their values, and the target description that
 * tells gdb of them.
 */
#ifndef GDB_REGISTERS_H
#define GDB_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/debug.h"

#define GDB_REGISTER_MAX 16u /* bytes of the largest */

enum { GDB_RBP = 6, GDB_RSP = 7, GDB_RIP = 16 };

unsigned gdb_registers(void);

/* Bytes of a register, which are written to `value`, least significant first. */
size_t gdb_register_get(const struct seamless_state *state, unsigned number,
			uint8_t value[GDB_REGISTER_MAX]);
size_t gdb_register_size(unsigned number);
/* Into the state; whether the guest can have it is the machine's to say. */
void gdb_register_set(struct seamless_state *state, unsigned number,
		      const uint8_t value[GDB_REGISTER_MAX]);

/* The target description: an XML text in `xml`. Returns its length; more than room - 1 was cut. */
size_t gdb_target_xml(char *xml, size_t room);

#endif
