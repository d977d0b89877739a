// SPDX-License-Identifier: MIT
/*
 * The checker of the whole state: silent on what the module makes, and each rule speaks when its one fact is spoiled.
 */
#include "box.h"

#include <stdio.h>
#include "audit/audit.h"
#include "module/sept.h"
#include "module/sept_l2.h"

#define GPA 0x3000ull
#define OTHER_GPA 0x5000ull

struct scene {
	struct box *b;
	struct td td;
	uint64_t tdr, tdvpr, other_tdr, other_tdvpr, page, pending;
	struct audit_history *history;
	struct cpu_regs guest;
};

static void open_scene(struct scene *s)
{
	s->b = box_create("");
	box_boot(s->b);
	s->tdr = box_td(s->b, BOX_HKID, &s->tdvpr);
	s->other_tdr = box_td(s->b, BOX_HKID + 1, &s->other_tdvpr);
	s->page = box_add_page(s->b, s->tdr, GPA, 7);
	box_ok(s->b, 0, LEAF_TDH_MR_FINALIZE, s->tdr, 0, 0, 0);
	s->pending = box_page(s->b);
	box_ok(s->b, 0, LEAF_TDH_MEM_PAGE_AUG, OTHER_GPA, s->tdr, s->pending, 0);
	s->guest = (struct cpu_regs){ .gpr = { [GPR_RAX] = LEAF_TDH_VP_ENTER, [GPR_RCX] = s->tdvpr } };
	assert_int_equal(module_seamcall(s->b->m, 0, &s->guest), MODULE_TO_GUEST);
	td_load(s->b->m, s->tdr, &s->td);
	s->history = audit_history_new();
	assert_non_null(s->history);
}

static void close_scene(struct scene *s)
{
	audit_history_free(s->history);
	box_destroy(s->b);
}

static struct pamt_entry *pamt(struct scene *s, uint64_t pa, enum page_size size)
{
	return pamt_at(s->b->m, pa, size);
}

static uint64_t *entry(struct scene *s, uint64_t gpa, unsigned level)
{
	struct sept_ref ref;

	sept_walk(s->b->m, &s->td, gpa, level, &ref);
	assert_int_equal(ref.level, level);
	return ref.entry;
}

/* ---- one thing wrong at a time ---- */

static void unknown_type(struct scene *s)
{
	pamt(s, s->page, PAGE_SIZE_4K)->type = 7;
}

static void two_sizes(struct scene *s)
{
	pamt_set(pamt(s, s->page, PAGE_SIZE_2M), PT_REG, s->tdr, 0);
}

static void another_owner(struct scene *s)
{
	pamt_set(pamt(s, s->page, PAGE_SIZE_4K), PT_REG, s->other_tdr, 0);
}

static void no_owner(struct scene *s)
{
	pamt_set(pamt(s, box_page(s->b), PAGE_SIZE_4K), PT_TDCX, 0, 0);
}

static void mapped_but_free(struct scene *s)
{
	pamt_free(pamt(s, s->page, PAGE_SIZE_4K));
}

static void mapped_twice(struct scene *s)
{
	*entry(s, 0x7000, 0) = *entry(s, GPA, 0);
}

static void mapped_nowhere(struct scene *s)
{
	*entry(s, GPA, 0) = *entry(s, 0x7000, 0);
}

static void miscounted(struct scene *s)
{
	s->td.tdr->chldcnt++;
}

static void odd_free_entry(struct scene *s)
{
	*entry(s, 0x7000, 0) |= s->page;
}

static void alias_of_no_vm(struct scene *s)
{
	s->td.tdcs->num_l2_vms = 1;
	*entry(s, GPA, 0) |= SEPT_ALIAS(1);
}

static void still_inside(struct scene *s)
{
	s->td.tdcs->epoch_refcount[0]++;
}

static void blocked_in_the_future(struct scene *s)
{
	box_ok(s->b, 1, LEAF_TDH_MEM_RANGE_BLOCK, GPA, s->tdr, 0, 0);
	pamt(s, s->page, PAGE_SIZE_4K)->bepoch += 5;
}

static void associated_too_often(struct scene *s)
{
	s->td.tdcs->num_assoc_vcpus++;
}

static void active_nowhere(struct scene *s)
{
	struct vcpu vp;

	vcpu_load(s->b->m, s->other_tdvpr, &vp);
	vp.vps->state = VCPU_STATE_ACTIVE;
}

static void key_free_in_use(struct scene *s)
{
	s->b->m->kot[BOX_HKID].state = KOT_STATE_FREE;
}

static void key_of_two(struct scene *s)
{
	s->td.tdr->hkid = BOX_HKID + 1;
}

static void host_key(struct scene *s)
{
	mem_key_set(&s->b->p->mem, s->page, PAGE_BYTES, 0);
}

static void locked(struct scene *s)
{
	assert_true(lock_try_hp(&pamt(s, s->page, PAGE_SIZE_4K)->lock, LOCK_SHARED, false));
}

static void unlocked_under_a_guest(struct scene *s)
{
	lock_release_hp(&pamt(s, s->tdvpr, PAGE_SIZE_4K)->lock, LOCK_SHARED);
}

static void taken_from_the_guest(struct scene *s)
{
	*entry(s, GPA, 0) = *entry(s, 0x7000, 0);
	pamt_free(pamt(s, s->page, PAGE_SIZE_4K));
	s->td.tdr->chldcnt--;
}

static void key_freed_unflushed(struct scene *s)
{
	s->b->m->kot[BOX_HKID].state = KOT_STATE_FREE;
}

static void measured_again(struct scene *s)
{
	s->td.tdcs->mrtd[5] ^= 1;
}

static const struct {
	const char *rule;
	void (*spoil)(struct scene *s);
} wrongs[] = {
	{ AUDIT_ONE_TYPE, unknown_type }, { AUDIT_ONE_TYPE, two_sizes }, { AUDIT_ONE_OWNER, another_owner },
	{ AUDIT_ONE_OWNER, no_owner }, { AUDIT_ONE_OWNER, mapped_but_free }, { AUDIT_CLAIMED_ONCE, mapped_twice },
	{ AUDIT_CLAIMED_ONCE, mapped_nowhere }, { AUDIT_CHILD_COUNT, miscounted }, { AUDIT_TREE, odd_free_entry },
	{ AUDIT_TREE, alias_of_no_vm }, { AUDIT_EPOCH, still_inside }, { AUDIT_EPOCH, blocked_in_the_future },
	{ AUDIT_VCPU, associated_too_often }, { AUDIT_VCPU, active_nowhere }, { AUDIT_KEY_ID, key_free_in_use },
	{ AUDIT_KEY_ID, key_of_two }, { AUDIT_ENCRYPTION, host_key }, { AUDIT_LOCK, locked },
	{ AUDIT_LOCK, unlocked_under_a_guest }, { AUDIT_RELEASE, taken_from_the_guest },
	{ AUDIT_KEY_REUSE, key_freed_unflushed }, { AUDIT_MEASUREMENT, measured_again },
};

struct heard {
	const char *rule;
	bool spoke;
	char all[4000];
};

static void hear(void *opaque, const struct audit_finding *f)
{
	struct heard *h = opaque;
	size_t len = strlen(h->all);

	h->spoke |= !strcmp(f->rule, h->rule);
	snprintf(h->all + len, sizeof(h->all) - len, "%s: %s\n", f->rule, f->text);
}

static void each_rule_speaks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct heard h = { .rule = wrongs[i].rule };
		struct scene s;

		open_scene(&s);
		assert_int_equal(audit_step(s.history, s.b->m, 1, NULL, NULL), 0);
		assert_int_equal(audit_step(s.history, s.b->m, 1, NULL, NULL), 0);
		wrongs[i].spoil(&s);
		if (!audit_step(s.history, s.b->m, 1, hear, &h) || !h.spoke)
			fail_msg("wrong %u: rule %s is silent; heard:\n%s", i, wrongs[i].rule, h.all);
		close_scene(&s);
	}
}

/* What is allowed is no finding: the page leaves after BLOCK, TRACK and the exit of the vCPU; then the TD ends. */
static void a_proper_end_is_silent(void **state)
{
	const struct vm_exit interrupt = { .reason = 1, .intr_info = 0x80000020 };
	struct scene s;
	struct box *b;

	(void)state;
	open_scene(&s);
	b = s.b;
#define STEP(call) do { call; assert_int_equal(audit_step(s.history, b->m, 1, NULL, NULL), 0); } while (0)
	STEP(box_ok(b, 1, LEAF_TDH_MEM_RANGE_BLOCK, GPA, s.tdr, 0, 0));
	STEP(box_ok(b, 1, LEAF_TDH_MEM_TRACK, s.tdr, 0, 0, 0));
	platform_tsc_advance(b->p, 1 << 20);
	STEP(module_vm_exit(b->m, 0, &s.guest, &interrupt));
	STEP(box_ok(b, 1, LEAF_TDH_MEM_PAGE_REMOVE, GPA, s.tdr, 0, 0));
	STEP(box_ok(b, 0, LEAF_TDH_VP_FLUSH, s.tdvpr, 0, 0, 0));
	STEP(box_ok(b, 0, LEAF_TDH_MNG_VPFLUSHDONE, s.tdr, 0, 0, 0));
	for (unsigned pkg = 0; pkg < b->p->config.packages; pkg++)
		STEP(box_ok(b, pkg, LEAF_TDH_PHYMEM_CACHE_WB, 0, 0, 0, 0));
	STEP(box_ok(b, 0, LEAF_TDH_MNG_KEY_FREEID, s.tdr, 0, 0, 0));
	for (uint64_t pa = BOX_TDMR + PAGE_BYTES; pa < b->free; pa += PAGE_BYTES) {
		if (pamt_owner(pamt(&s, pa, PAGE_SIZE_4K)) == s.tdr && pamt(&s, pa, PAGE_SIZE_4K)->type != PT_NDA)
			STEP(box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, pa, 0, 0, 0));
	}
	STEP(box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RECLAIM, s.tdr, 0, 0, 0));
	close_scene(&s);
}

/* What the host destroyed it destroyed: nothing is followed there, and nothing is said of it. */
static void destroyed_pages_are_no_finding(void **state)
{
	struct heard h = { .rule = "" };
	struct scene s;

	(void)state;
	open_scene(&s);
	assert_true(mem_host_fill(&s.b->p->mem, MEM_NO_LP, s.td.tdr->tdcx_pa[3] & SEPT_PA & 0x3ffffffffffull, 1, 0xff));
	if (audit_module(s.b->m, hear, &h))
		fail_msg("%s", h.all);
	assert_true(mem_host_fill(&s.b->p->mem, MEM_NO_LP, s.tdr, PAGE_BYTES, 0xff));
	if (audit_module(s.b->m, hear, &h))
		fail_msg("%s", h.all);
	close_scene(&s);
}

/* The same where memory is not encrypted: garbage everywhere is findings, not a crash. */
static void garbage_is_survived(void **state)
{
	uint64_t random = 88172645463325252ull;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct scene s;

		open_scene(&s);
		for (uint64_t pa = BOX_TDMR; pa < s.b->free; pa += 8) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			if (random % 16 < round % 8)
				*(uint64_t *)mem_ptr(&s.b->p->mem, pa, 8) = random % 3 ? random : random & 0x7ffff0ff;
		}
		audit_step(s.history, s.b->m, 1, NULL, NULL);
		assert_true(audit_step(s.history, s.b->m, 1, NULL, NULL) > 0 || !(round % 8));
		close_scene(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_speaks),
		cmocka_unit_test(a_proper_end_is_silent),
		cmocka_unit_test(destroyed_pages_are_no_finding),
		cmocka_unit_test(garbage_is_survived),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
