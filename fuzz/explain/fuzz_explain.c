// SPDX-License-Identifier: MIT
/*
 * What `seamless decode` and the trace get from outside: names, log lines and registers. Each text
 * function must end its text within the buffer and tell the same length for every size of buffer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
	if (!condition)
		abort();
}

static void registers(const uint8_t *data, size_t size, char *buf, size_t room)
{
	uint64_t in[16] = { 0 }, out[16] = { 0 };
	struct explain_leaf_id leaf;
	char whole[2048];
	size_t len;

	memcpy(in, data, size < sizeof(in) ? size : sizeof(in));
	if (size > sizeof(in))
		memcpy(out, data + sizeof(in),
		       size - sizeof(in) < sizeof(out) ? size - sizeof(in) : sizeof(out));
	for (int side = EXPLAIN_HOST; side <= EXPLAIN_GUEST; side++) {
		len = explain_call(whole, sizeof(whole), (enum explain_side)side, in, out);
		hold(len == strlen(whole));
		hold(explain_call(buf, room, (enum explain_side)side, in, out) == len);
		hold(!room || strlen(buf) < room);
	}
	explain_field(buf, room, in[0]);
	explain_vmcall_out(buf, room, in, out);
	if (explain_leaf_nth(NULL, in[1] % 128, &leaf))
		explain_register(buf, room, &leaf, in[2] & 15, in[2] & 16, out[0], in[3]);
}

static void text(const char *line, char *buf, size_t room)
{
	struct explain_log log = { 0 };
	struct explain_leaf_id leaf;
	uint64_t status;

	explain_log_line(buf, room, &log, line);
	hold(!room || strlen(buf) < room);
	if (explain_leaf_find(line, &leaf))
		hold(explain_leaf_name(leaf.side, leaf.number) != NULL);
	/* near names: a distance to each of some hundred is most of a run, so one of the two tables
	 * for each input */
	if (room & 4)
		explain_leaf_suggest(buf, room, line);
	else if (!explain_status_by_name(line, &status))
		explain_status_suggest(buf, room, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size ? data[0] * 4u : 0;
	char *buf = malloc(room ? room : 1), *line = malloc(size + 1);

	if (!buf || !line)
		abort();
	memcpy(line, data, size);
	line[size] = 0;
	registers(data, size, buf, room);
	text(size ? line + 1 : line, buf, room);
	free(line);
	free(buf);
	return 0;
}
