// SPDX-License-Identifier: MIT
/*
 * Finds blocks of hex digits in a console's text.
 */
#include <string.h>

#include "formats/encoding.h"
#include "formats/hex_block.h"

/* Appends a line's bytes. False: it is not hex, or there is no room. */
static bool append(struct hex_block *block, const char *line, size_t length)
{
	if (!length || length % 2 || length / 2 > block->room - block->size)
		return false;
	for (size_t i = 0; i < length; i += 2) {
		int high = hex_digit(line[i]), low = hex_digit(line[i + 1]);

		if (high < 0 || low < 0)
			return false;
		block->bytes[block->size++] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is(const char *line, const char *word, const char *name)
{
	size_t length = strlen(word);

	return !strncmp(line, word, length) && !strcmp(line + length, name);
}

static void find_begin(struct hex_reader *reader)
{
	for (size_t i = 0; i < reader->count && !reader->open; i++) {
		struct hex_block *block = &reader->block[i];

		if (!block->complete && is(reader->line, "BEGIN ", block->name)) {
			block->size = 0;
			reader->open = block;
		}
	}
}

static void take_line(struct hex_reader *reader, size_t length)
{
	struct hex_block *block = reader->open;

	if (!block) {
		find_begin(reader);
	} else if (is(reader->line, "END ", block->name)) {
		block->complete = true;
		reader->open = NULL;
	} else if (!append(block, reader->line, length)) {
		block->size = 0;
		reader->open = NULL;
	}
}

/* A terminal's lines end in CR LF. */
void hex_reader_take(struct hex_reader *reader, uint8_t byte)
{
	size_t length = reader->length < HEX_BLOCK_LINE ? reader->length : HEX_BLOCK_LINE;

	if (byte != '\n') {
		if (reader->length < HEX_BLOCK_LINE)
			reader->line[reader->length] = (char)byte;
		reader->length += reader->length <= HEX_BLOCK_LINE;
		return;
	}
	if (length && reader->line[length - 1] == '\r')
		length--;
	reader->line[length] = 0;
	if (reader->length <= HEX_BLOCK_LINE)
		take_line(reader, length);
	else
		reader->open = NULL;
	reader->length = 0;
}
