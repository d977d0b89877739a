/* SPDX-License-Identifier: MIT */
/*
 * Bytes that a guest hands out on its console: hex digits, on lines of their own, between two lines
 * "BEGIN NAME" and "END NAME". Found in a stream of any text, byte by byte.
 */
#ifndef FORMATS_HEX_BLOCK_H
#define FORMATS_HEX_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEX_BLOCK_LINE 160u /* longer lines are no part of a block */

struct hex_block {
	const char *name;
	uint8_t *bytes; /* the caller's */
	size_t room, size;
	bool complete; /* it came whole; what comes later under its name is not looked at */
};

/* Zeroed but for the blocks before the first byte. */
struct hex_reader {
	struct hex_block *block;
	size_t count;
	struct hex_block *open; /* whose lines are being read */
	char line[HEX_BLOCK_LINE + 1];
	size_t length; /* of the line so far; beyond HEX_BLOCK_LINE it only counts */
};

/* A block that breaks off, has anything but hex in it, or has no room is dropped. */
void hex_reader_take(struct hex_reader *reader, uint8_t byte);

#endif
