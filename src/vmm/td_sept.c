// SPDX-License-Identifier: MIT
/*
 * The pages of a TD's secure EPT: added before the first page below them, and remembered, so that
 * no call has to fail to tell that one is missing. They stay until the TD ends.
 */
#include <stdlib.h>

#include "tdx/tdx.h"
#include "vmm/td_internal.h"

#define EMPTY UINT64_MAX

/* The page that the entry of `level` points to, as one number: addresses leave the low bits free.
 */
static uint64_t key_of(uint64_t gpa, unsigned level)
{
	return align_down(gpa, VMM_4K << (9 * level)) | level;
}

static size_t slot_of(const struct td_sept *sept, uint64_t key)
{
	size_t slot = (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (sept->capacity - 1);

	while (sept->key[slot] != EMPTY && sept->key[slot] != key)
		slot = (slot + 1) & (sept->capacity - 1);
	return slot;
}

static bool contains(const struct td_sept *sept, uint64_t key)
{
	return sept->capacity && sept->key[slot_of(sept, key)] == key;
}

/* Room for one more key, the table at most half full. */
static int make_room(struct td_sept *sept, struct vmm_error *err)
{
	struct td_sept grown = { .capacity = sept->capacity ? 2 * sept->capacity : 64 };

	if (2 * (sept->count + 1) <= sept->capacity)
		return 0;
	grown.key = malloc(grown.capacity * sizeof(*grown.key));
	if (!grown.key)
		return vmm_fail(err, "out of memory");
	for (size_t i = 0; i < grown.capacity; i++)
		grown.key[i] = EMPTY;
	for (size_t i = 0; i < sept->capacity; i++) {
		if (sept->key[i] != EMPTY)
			grown.key[slot_of(&grown, sept->key[i])] = sept->key[i];
	}
	free(sept->key);
	sept->key = grown.key;
	sept->capacity = grown.capacity;
	return 0;
}

static void insert(struct td_sept *sept, uint64_t key)
{
	sept->key[slot_of(sept, key)] = key;
	sept->count++;
}

static int add_page(struct vmm_td *td, uint64_t gpa, unsigned level, struct vmm_error *err)
{
	uint64_t page = td_new_frame(td, VMM_LEVEL_4K, err);
	uint64_t base = align_down(gpa, VMM_4K << (9 * level));
	tdx_status_t status;

	if (page == VMM_NO_FRAME)
		return -1;
	status = host_call(tdh_mem_sept_add(tdx_gpa(base), tdx_level(level), tdx_tdr(td->tdr), 0,
					    tdx_hpa(page), NULL));
	if (!tdx_status_ok(status))
		vmm_frames_release(&td->host->frames, page);
	return td_call_failed("TDH.MEM.SEPT.ADD", status, err);
}

static int add_missing(struct vmm_td *td, uint64_t gpa, unsigned level, struct vmm_error *err)
{
	uint64_t key = key_of(gpa, level);

	if (contains(&td->sept, key))
		return 0;
	if (make_room(&td->sept, err) || add_page(td, gpa, level, err))
		return -1;
	insert(&td->sept, key);
	return 0;
}

static int add_path(struct vmm_td *td, uint64_t gpa, unsigned level, struct vmm_error *err)
{
	int result = 0;

	pthread_mutex_lock(&td->sept.lock);
	/* The module keeps the root page itself. */
	for (unsigned l = td->sept.levels - 1; l > level && !result; l--)
		result = add_missing(td, gpa, l, err);
	pthread_mutex_unlock(&td->sept.lock);
	return result;
}

/* Most pages are neighbours of the one before. */
int td_sept_path(struct vmm_td *td, uint64_t gpa, unsigned level, struct vmm_error *err)
{
	uint64_t key = key_of(gpa, level + 1);

	if (atomic_load_explicit(&td->sept.last, memory_order_acquire) == key)
		return 0;
	if (add_path(td, gpa, level, err))
		return -1;
	atomic_store_explicit(&td->sept.last, key, memory_order_release);
	return 0;
}

int td_sept_split(struct vmm_td *td, uint64_t gpa, struct vmm_error *err)
{
	int result;

	pthread_mutex_lock(&td->sept.lock);
	result = make_room(&td->sept, err);
	if (!result)
		insert(&td->sept, key_of(gpa, 1));
	pthread_mutex_unlock(&td->sept.lock);
	return result;
}

void td_sept_free(struct td_sept *sept)
{
	free(sept->key);
	sept->key = NULL;
	pthread_mutex_destroy(&sept->lock);
}
