/* SPDX-License-Identifier: MIT */
/*
 * Bytes that travel as text: hex digits or base64, in lines of any length.
 */
#ifndef FORMATS_ENCODING_H
#define FORMATS_ENCODING_H

#include <stddef.h>
#include <stdint.h>

enum encoding {
	ENCODING_NONE,	 /* the bytes are what they are */
	ENCODING_HEX,	 /* either case; "0x" may stand before it */
	ENCODING_BASE64, /* either alphabet (RFC 4648), with padding or without */
};

/* The value of a hex digit of either case; -1: it is none. */
int hex_digit(char c);

/*
 * Decodes in place what is nothing but hex or base64, and enough of it for the smallest thing that
 * is worth it (64 characters); *size then is that of the bytes. What is no such text stays as it
 * is.
 */
enum encoding encoding_decode(uint8_t *bytes, size_t *size);

/* "hex", "base64"; NULL for none. */
const char *encoding_name(enum encoding encoding);

#endif
