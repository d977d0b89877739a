// SPDX-License-Identifier: MIT
/*
 * The shared EPT: its tables in host frames.
 */
#include <inttypes.h>

#include "vmm/shared.h"

#define ENTRIES	     512
#define EPT_ANY	     0x7ull
#define EPT_RW	     0x3ull /* a TD does not execute what the host can write */
#define EPT_WB	     (6ull << 3)
#define EPT_SUPPRESS (1ull << 63) /* a violation exits to the VMM instead of raising #VE */
#define EPT_ADDRESS  0x000ffffffffff000ull

static uint64_t entry_address(uint64_t table, uint64_t gpa, int level)
{
	return table + 8 * (gpa >> (12 + 9 * level) & (ENTRIES - 1));
}

static uint64_t new_table(struct vmm_host *host)
{
	uint64_t table = vmm_frames_alloc(&host->frames, FRAME_HOST, VMM_LEVEL_4K);

	for (unsigned i = 0; table != VMM_NO_FRAME && i < ENTRIES; i++)
		host_write64(host, table + 8 * i, EPT_SUPPRESS);
	return table;
}

int shared_init(struct vmm_shared *shared, struct vmm_host *host, unsigned gpaw,
		struct vmm_error *err)
{
	shared->host = host;
	shared->bit = 1ull << (gpaw - 1);
	shared->levels = gpaw > 48 ? 5 : 4;
	shared->root = new_table(host);
	pthread_mutex_init(&shared->lock, NULL);
	return shared->root == VMM_NO_FRAME ? vmm_fail(err, "no host page left for the shared EPT")
					    : 0;
}

static void free_table(struct vmm_host *host, uint64_t table, int level)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t entry = host_read64(host, table + 8 * i);

		if (!(entry & EPT_ANY))
			continue;
		if (level)
			free_table(host, entry & EPT_ADDRESS, level - 1);
		else
			host_free_page(host, entry & EPT_ADDRESS);
	}
	host_free_page(host, table);
}

void shared_free(struct vmm_shared *shared)
{
	if (shared->root == VMM_NO_FRAME)
		return;
	free_table(shared->host, shared->root, (int)shared->levels - 1);
	shared->root = VMM_NO_FRAME;
	pthread_mutex_destroy(&shared->lock);
}

/*
 * Address of the last-level entry of `gpa`; VMM_NO_FRAME where a table is missing and `make` is
 * false or fails.
 */
static uint64_t walk(struct vmm_shared *shared, uint64_t gpa, bool make)
{
	uint64_t table = shared->root;

	for (int level = (int)shared->levels - 1; level > 0; level--) {
		uint64_t at = entry_address(table, gpa, level);
		uint64_t entry = host_read64(shared->host, at);

		if (!(entry & EPT_ANY)) {
			table = make ? new_table(shared->host) : VMM_NO_FRAME;
			if (table == VMM_NO_FRAME)
				return VMM_NO_FRAME;
			host_write64(shared->host, at, table | EPT_ANY);
		} else {
			table = entry & EPT_ADDRESS;
		}
	}
	return entry_address(table, gpa, 0);
}

static int no_page(struct vmm_error *err, uint64_t gpa)
{
	return vmm_fail(err, "no host page left for the shared page at 0x%" PRIx64, gpa);
}

static int map_locked(struct vmm_shared *shared, uint64_t gpa, struct vmm_error *err)
{
	uint64_t at = walk(shared, gpa, true), page;

	if (at == VMM_NO_FRAME)
		return no_page(err, gpa);
	if (host_read64(shared->host, at) & EPT_ANY)
		return 0;
	page = host_new_page(shared->host);
	if (page == VMM_NO_FRAME)
		return no_page(err, gpa);
	host_write64(shared->host, at, page | EPT_SUPPRESS | EPT_WB | EPT_RW);
	return 0;
}

int shared_map(struct vmm_shared *shared, uint64_t gpa, struct vmm_error *err)
{
	int result;

	pthread_mutex_lock(&shared->lock);
	result = map_locked(shared, gpa, err);
	pthread_mutex_unlock(&shared->lock);
	return result;
}

int shared_map_mmio(struct vmm_shared *shared, uint64_t gpa, struct vmm_error *err)
{
	uint64_t at;

	pthread_mutex_lock(&shared->lock);
	at = walk(shared, gpa, true);
	if (at != VMM_NO_FRAME)
		host_write64(shared->host, at, 0);
	pthread_mutex_unlock(&shared->lock);
	return at == VMM_NO_FRAME ? no_page(err, gpa) : 0;
}

void shared_unmap(struct vmm_shared *shared, uint64_t gpa)
{
	uint64_t at, entry;

	pthread_mutex_lock(&shared->lock);
	at = walk(shared, gpa, false);
	if (at != VMM_NO_FRAME) {
		entry = host_read64(shared->host, at);
		host_write64(shared->host, at, EPT_SUPPRESS);
		host_invept(shared->host);
		if (entry & EPT_ANY)
			host_free_page(shared->host, entry & EPT_ADDRESS);
	}
	pthread_mutex_unlock(&shared->lock);
}

/* Host address of the byte at `gpa`; VMM_NO_FRAME when it is not mapped. */
static uint64_t translate(struct vmm_shared *shared, uint64_t gpa)
{
	uint64_t at = walk(shared, gpa, false);
	uint64_t entry = at == VMM_NO_FRAME ? 0 : host_read64(shared->host, at);

	return entry & EPT_ANY ? (entry & EPT_ADDRESS) | (gpa & (VMM_4K - 1)) : VMM_NO_FRAME;
}

typedef int (*copy_fn)(struct vmm_host *host, uint64_t hpa, void *buffer, size_t size);

static int copy(struct vmm_shared *shared, uint64_t gpa, uint8_t *buffer, size_t size,
		copy_fn copy_piece)
{
	int result = 0;

	pthread_mutex_lock(&shared->lock);
	while (size && !result) {
		size_t part = VMM_4K - (gpa & (VMM_4K - 1));
		uint64_t hpa = translate(shared, gpa);

		if (part > size)
			part = size;
		result = hpa == VMM_NO_FRAME ? -1 : copy_piece(shared->host, hpa, buffer, part);
		gpa += part;
		buffer += part;
		size -= part;
	}
	pthread_mutex_unlock(&shared->lock);
	return result;
}

static int read_piece(struct vmm_host *host, uint64_t hpa, void *buffer, size_t size)
{
	return host_read(host, hpa, buffer, size);
}

static int write_piece(struct vmm_host *host, uint64_t hpa, void *buffer, size_t size)
{
	return host_write(host, hpa, buffer, size);
}

int shared_read(struct vmm_shared *shared, uint64_t gpa, void *buffer, size_t size)
{
	return copy(shared, gpa, buffer, size, read_piece);
}

int shared_write(struct vmm_shared *shared, uint64_t gpa, const void *buffer, size_t size)
{
	return copy(shared, gpa, (uint8_t *)(uintptr_t)buffer, size, write_piece);
}
