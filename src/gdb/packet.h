/* SPDX-License-Identifier: MIT */
/*
 * Packets of gdb's remote serial protocol ("$data#checksum"), in and out, and the text in them:
 * numbers in hex, bytes in hex, names that a packet begins with.
 */
#ifndef GDB_PACKET_H
#define GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest data of a packet, either way. */
#define GDB_PACKET_MAX 16384u

/* What the next bytes of the client are. */
enum gdb_input {
	GDB_INPUT_MORE,	     /* a packet that is not complete yet, or nothing */
	GDB_INPUT_PACKET,    /* one is in data */
	GDB_INPUT_INTERRUPT, /* the byte 3 between packets */
	GDB_INPUT_DAMAGED,   /* a wrong checksum */
	GDB_INPUT_REPEAT,    /* the client got a damaged one: the last reply is wanted again */
	GDB_INPUT_TOO_LONG,
};

struct gdb_in {
	char data[GDB_PACKET_MAX + 1]; /* without escapes, with an ending 0 */
	size_t size;
	enum { GDB_IN_BETWEEN, GDB_IN_DATA, GDB_IN_ESCAPE, GDB_IN_SUM } state;
	uint8_t sum, sum_digits;
	char digits[2];
	bool ignore_sum;
};

/* Takes one byte. Start with a zeroed structure; after GDB_INPUT_TOO_LONG there is no going on. */
enum gdb_input gdb_in_take(struct gdb_in *in, uint8_t byte);

/* What remains of a packet to read. */
struct gdb_text {
	const char *at, *end;
};

bool gdb_text_empty(const struct gdb_text *t);
/* Each takes what it is named after from the front, or returns false and takes nothing. */
bool gdb_take(struct gdb_text *t, const char *word);
bool gdb_take_number(struct gdb_text *t, uint64_t *number);	   /* hex digits, at most 16 */
bool gdb_take_bytes(struct gdb_text *t, uint8_t *bytes, size_t n); /* in hex */

/* A reply under construction; what does not fit is left out, so check gdb_out_room(). */
struct gdb_out {
	size_t size;
	char data[2 * GDB_PACKET_MAX + 4];
};

void gdb_out_begin(struct gdb_out *out);
void gdb_out_text(struct gdb_out *out, const char *text);
void gdb_out_number(struct gdb_out *out, uint64_t number);
void gdb_out_hex(struct gdb_out *out, const void *bytes, size_t n);
void gdb_out_binary(struct gdb_out *out, const void *bytes, size_t n);
/* Adds the checksum: data and size are what goes to the client. */
void gdb_out_end(struct gdb_out *out);

#endif
