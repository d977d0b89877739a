// SPDX-License-Identifier: MIT
/*
 * Memory in a snapshot: pages that hold more than zeros, and runs of pages under one key id.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/sparse.h"
#include "snapshot/internal.h"

static uint64_t pages_of(const struct memory *m)
{
	return m->size / MEM_PAGE;
}

static bool is_zero(const uint8_t *page)
{
	static const uint8_t zero[MEM_PAGE];

	return !memcmp(page, zero, MEM_PAGE);
}

uint64_t *pages_used(const struct memory *m)
{
	uint64_t pages = pages_of(m);
	uint64_t *used = sparse_touched(m->base, pages, m->fd);

	for (uint64_t at = 0; used && (at = page_set_next(used, at, pages)) < pages; at++) {
		if (is_zero(m->base + at * MEM_PAGE))
			page_set_remove(used, at);
	}
	return used;
}

/* The run of used pages at or after `at`; count 0: none. */
static struct page_run next_run(const uint64_t *used, uint64_t at, uint64_t pages)
{
	struct page_run run = { page_set_next(used, at, pages), 0 };

	while (run.first + run.count < pages &&
	       page_set_next(used, run.first + run.count, pages) == run.first + run.count)
		run.count++;
	return run;
}

static uint16_t tag_of(const struct memory *m, uint64_t page)
{
	return atomic_load_explicit(&m->keys[page], memory_order_relaxed);
}

/* The first page at or after `at` with a key id. Most of the table was never touched. */
static uint64_t next_tagged(const struct memory *m, const uint64_t *touched, uint64_t at)
{
	const uint64_t per_page = MEM_PAGE / sizeof(uint16_t), pages = pages_of(m);
	uint64_t tables = (pages + per_page - 1) / per_page;

	for (; at < pages; at++) {
		if (at % per_page == 0)
			at = page_set_next(touched, at / per_page, tables) * per_page;
		if (at < pages && tag_of(m, at))
			return at;
	}
	return pages;
}

/* Tells each run of tags; returns how many there are. `to` NULL: counts only. */
static uint64_t key_runs(const struct memory *m, const uint64_t *touched, uint8_t *to)
{
	uint64_t n = 0, pages = pages_of(m);

	for (uint64_t at = next_tagged(m, touched, 0); at < pages; n++) {
		struct key_run run = { at, 0, tag_of(m, at) };

		while (at < pages && tag_of(m, at) == run.tag)
			at++;
		run.count = at - run.first;
		if (to)
			memcpy(to + n * sizeof(run), &run, sizeof(run));
		at = next_tagged(m, touched, at);
	}
	return n;
}

uint64_t *pages_tagged(const struct memory *m)
{
	const uint64_t per_page = MEM_PAGE / sizeof(uint16_t);

	return sparse_touched((const void *)m->keys, (pages_of(m) + per_page - 1) / per_page, -1);
}

struct pages_size pages_measure(const struct memory *m, const struct pages_map *map)
{
	struct pages_size size = { key_runs(m, map->tagged, NULL) * sizeof(struct key_run), 0, 0 };
	uint64_t pages = pages_of(m);

	for (struct page_run r = next_run(map->used, 0, pages); r.count;
	     r = next_run(map->used, r.first + r.count, pages)) {
		size.runs += sizeof(r);
		size.pages += r.count * MEM_PAGE;
	}
	return size;
}

void saved_pages_save(const struct memory *m, const struct pages_map *map,
		      const struct seamless_snapshot *s)
{
	uint8_t *run = snapshot_part(s, PART_RUNS), *content = snapshot_part(s, PART_PAGES);
	uint64_t pages = pages_of(m);

	key_runs(m, map->tagged, snapshot_part(s, PART_KEYS));
	for (struct page_run r = next_run(map->used, 0, pages); r.count;
	     r = next_run(map->used, r.first + r.count, pages)) {
		memcpy(run, &r, sizeof(r));
		memcpy(content, m->base + r.first * MEM_PAGE, r.count * MEM_PAGE);
		run += sizeof(r);
		content += r.count * MEM_PAGE;
	}
}

void saved_pages_apply(struct seamless_machine *machine, const struct seamless_snapshot *s)
{
	struct memory *m = &machine->platform->mem;
	const uint8_t *from = snapshot_part(s, PART_KEYS), *content = snapshot_part(s, PART_PAGES);
	struct page_run run;
	struct key_run key;

	mem_forget(m);
	lib_watch_zero(machine);
	for (uint64_t n = snapshot_part_len(s, PART_KEYS) / sizeof(key); n; n--) {
		memcpy(&key, from, sizeof(key));
		mem_key_set(m, key.first * MEM_PAGE, key.count * MEM_PAGE, (uint16_t)key.tag);
		from += sizeof(key);
	}
	from = snapshot_part(s, PART_RUNS);
	for (uint64_t n = snapshot_part_len(s, PART_RUNS) / sizeof(run); n; n--) {
		memcpy(&run, from, sizeof(run));
		memcpy(m->base + run.first * MEM_PAGE, content, run.count * MEM_PAGE);
		lib_watch_written(machine, run.first * MEM_PAGE, run.count * MEM_PAGE);
		from += sizeof(run);
		content += run.count * MEM_PAGE;
	}
}

void saved_page(const struct seamless_snapshot *s, uint64_t pa, uint8_t to[MEM_PAGE])
{
	const uint8_t *from = snapshot_part(s, PART_RUNS), *content = snapshot_part(s, PART_PAGES);
	struct page_run run;

	for (uint64_t n = snapshot_part_len(s, PART_RUNS) / sizeof(run); n; n--) {
		memcpy(&run, from, sizeof(run));
		if (pa / MEM_PAGE - run.first < run.count) {
			memcpy(to, content + (pa / MEM_PAGE - run.first) * MEM_PAGE, MEM_PAGE);
			return;
		}
		from += sizeof(run);
		content += run.count * MEM_PAGE;
	}
	memset(to, 0, MEM_PAGE);
}

/* ---- what the parts may say ---- */

static bool run_fits(uint64_t first, uint64_t count, uint64_t *end, uint64_t pages)
{
	if (!count || first < *end || first >= pages || count > pages - first)
		return false;
	*end = first + count;
	return true;
}

static bool keys_fit(const struct seamless_snapshot *s, const struct platform_config *config,
		     const struct snapshot_error *e)
{
	const struct snapshot_entry *part = &snapshot_header(s)->part[PART_KEYS];
	uint64_t end = 0, last = 1 + config->mktme_keys + config->tdx_keys;
	struct key_run r;

	for (uint64_t at = part->offset; at < part->offset + part->length; at += sizeof(r)) {
		memcpy(&r, s->bytes + at, sizeof(r));
		if (!run_fits(r.first, r.count, &end, config->memory / MEM_PAGE))
			return snapshot_wrong(e, at,
					      "pages 0x%llx+0x%llx of a key id: not after the run "
					      "before, or not in memory",
					      (unsigned long long)r.first,
					      (unsigned long long)r.count);
		if (!r.tag || (r.tag >= last && r.tag != MEM_DESTROYED))
			return snapshot_wrong(e, at + offsetof(struct key_run, tag),
					      "key id %llu: the platform has 1 to %llu",
					      (unsigned long long)r.tag,
					      (unsigned long long)(last - 1));
	}
	return true;
}

static bool runs_fit(const struct seamless_snapshot *s, const struct platform_config *config,
		     const struct snapshot_error *e)
{
	const struct snapshot_entry *part = &snapshot_header(s)->part[PART_RUNS];
	uint64_t end = 0, sum = 0;
	struct page_run r;

	for (uint64_t at = part->offset; at < part->offset + part->length; at += sizeof(r)) {
		memcpy(&r, s->bytes + at, sizeof(r));
		if (!run_fits(r.first, r.count, &end, config->memory / MEM_PAGE))
			return snapshot_wrong(e, at,
					      "pages 0x%llx+0x%llx: not after the run before, or "
					      "not in memory",
					      (unsigned long long)r.first,
					      (unsigned long long)r.count);
		sum += r.count;
	}
	if (sum * MEM_PAGE == snapshot_part_len(s, PART_PAGES))
		return true;
	return snapshot_wrong(e, part->offset, "%llu pages listed, the content is 0x%llx bytes",
			      (unsigned long long)sum,
			      (unsigned long long)snapshot_part_len(s, PART_PAGES));
}

bool pages_check(const struct seamless_snapshot *s, const struct platform_config *config,
		 const struct snapshot_error *e)
{
	return keys_fit(s, config, e) && runs_fit(s, config, e);
}
