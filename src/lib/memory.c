// SPDX-License-Identifier: MIT
/*
 * Physical memory for the host, and the plaintext view for tests.
 */
#include <string.h>

#include "lib/machine_impl.h"

bool seamless_read(struct seamless_machine *m, uint64_t pa, void *buf, uint64_t len)
{
	return mem_host_read(&m->platform->mem, pa, buf, len);
}

static void tell(struct seamless_machine *m, const struct seamless_event *event)
{
	lib_watch_written(m, event->pa, event->len);
	lib_tell(m, event);
}

/* Else an event need not be made. */
static bool somebody_watches(const struct seamless_machine *m)
{
	return m->watch || m->traces;
}

bool seamless_write(struct seamless_machine *m, uint64_t pa, const void *buf, uint64_t len)
{
	if (!mem_host_write(&m->platform->mem, lib_who(m), pa, buf, len))
		return false;
	if (somebody_watches(m))
		tell(m, &(struct seamless_event){
				.kind = SEAMLESS_EVENT_WRITE, .pa = pa, .len = len, .data = buf });
	return true;
}

bool seamless_fill(struct seamless_machine *m, uint64_t pa, uint64_t len, uint8_t byte)
{
	if (!mem_host_fill(&m->platform->mem, lib_who(m), pa, len, byte))
		return false;
	if (somebody_watches(m))
		tell(m, &(struct seamless_event){
				.kind = SEAMLESS_EVENT_FILL, .pa = pa, .len = len, .value = byte });
	return true;
}

bool seamless_hash(struct seamless_machine *m, uint64_t pa, uint64_t len, uint64_t *hash)
{
	return mem_host_hash(&m->platform->mem, pa, len, hash);
}

void *seamless_shared(struct seamless_machine *m, uint64_t pa, uint64_t len)
{
	void *at = mem_shared_ptr(&m->platform->mem, lib_who(m), pa, len);

	if (at)
		lib_watch_given(m, pa, len);
	return at;
}

bool seamless_private_read(struct seamless_machine *m, uint64_t pa, void *buf, uint64_t len)
{
	const void *from = mem_ptr(&m->platform->mem, pa, len);

	if (from && len)
		memcpy(buf, from, len);
	return from;
}

bool seamless_private_write(struct seamless_machine *m, uint64_t pa, const void *buf, uint64_t len)
{
	void *to = mem_ptr(&m->platform->mem, pa, len);

	if (!to)
		return false;
	if (len)
		memcpy(to, buf, len);
	lib_tell(m,
		 &(struct seamless_event){
			 .kind = SEAMLESS_EVENT_PRIVATE_WRITE, .pa = pa, .len = len, .data = buf });
	return true;
}

bool seamless_private_hash(struct seamless_machine *m, uint64_t pa, uint64_t len, uint64_t *hash)
{
	const void *from = mem_ptr(&m->platform->mem, pa, len);

	if (from)
		*hash = mem_fnv1a(MEM_FNV_BASIS, from, len);
	return from;
}
