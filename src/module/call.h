/* SPDX-License-Identifier: MIT */
/*
 * One call of a leaf, host or guest, and the engine that decodes it.
 *
 * A leaf runs in two steps. Decode: its table lists checks, which run in that order; each
 * proves an operand, takes a lock or picks the status of a refusal. Invoke: changes state and cannot be refused, if the
 * leaf is an effect (void); the others check what they can know only on the way.
 * After either, the engine releases all locks in reverse order and puts the status in RAX. A check that is peculiar
 * to one leaf is a function of its own, named in the table by "check call".
 */
#ifndef SEAMLESS_MODULE_CALL_H
#define SEAMLESS_MODULE_CALL_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include "gen/checks.h"
#include "module/lock.h"
#include "module/module.h"
#include "module/pamt.h"
#include "module/sept.h"
#include "tdx/status.h"
#include "module/td.h"

struct lp;
struct call;

/* A check or an invocation. 0 goes on; any other status, of the success class too, ends the call with it. */
typedef uint64_t (*leaf_fn)(struct call *c);

enum held_kind {
	HELD_PLAIN,
	HELD_HOST_PRIO,
	HELD_SEPT_ENTRY,
	HELD_LINK, /* bit 0 of a word */
};

struct held {
	void *lock;
	uint8_t kind;
	uint8_t mode;
};

#define HELD_MAX 32
struct held_set {
	unsigned count;
	struct held lock[HELD_MAX];
};

struct leaf;

struct call {
	struct module *m;
	struct lp *lp;
	unsigned lp_id;
	unsigned version;
	enum module_where where;
	uint16_t vm;
	bool guest;            /* TDCALL: td, vp and vm are the caller's from the start */
	uint8_t flags_reg;     /* the register with an address that had */
	uint64_t flags;        /* ... these flag bits */
	const struct leaf *leaf;
	struct cpu_regs *regs; /* the caller's registers; named outputs are zero when decode starts */
	uint64_t in[16];       /* general registers as the caller passed them: RAX and the operands of the leaf */

	/* what the checks have proven so far; undefined before */
	struct td td;
	struct vcpu vp;
	struct page_ref vp_page;
	struct page_ref page;  /* the private page operand */
	uint64_t gpa;
	unsigned level;
	struct sept_ref sept;

	/* what a leaf's own checks leave to its invocation */
	struct page_ref old_page; /* what c->page takes the place of */
	struct page_ref table[MAX_VMS]; /* new or old secure EPT tables, by VM; table_entry: where they hang */
	uint64_t *table_entry[MAX_VMS];
	uint64_t scratch[4];

	struct td_params params; /* TD_PARAMS as TDH.MNG.INIT read them */

	struct held_set held;
};

/* The row of a leaf. */
struct leaf {
	const char *name;
	uint16_t number;
	uint8_t max_version;
	uint16_t operands;    /* general registers that it takes, a bit per register */
	uint16_t op_states;   /* allowed, a bit per enum op_state */
	uint32_t sept_states; /* allowed, a bit per enum sept_state */
	uint8_t context;      /* enum md_ctx, of the leaves that read or write metadata */
	leaf_fn run;          /* its table's checks, in their order, and what it does then */
};

/* Two halves of a register. */
static inline uint64_t pair32(uint64_t low, uint64_t high)
{
	return (low & 0xffffffff) | high << 32;
}

/* ---- refusals ---- */

/*
 * Refuses the call: records why and returns @status (which includes the operand id). The rule is a sentence that
 * says what was seen and what must hold. It is formatted only if somebody asks, from up to four values:
 *   %x hexadecimal   %u decimal   %s a constant string   %t page type   %e secure EPT state
 *   %o op_state      %l life-cycle state                 %v vCPU state
 */
#define fail(c, status, ...) FAIL_PICK(__VA_ARGS__, FAIL4, FAIL3, FAIL2, FAIL1, FAIL0)(c, status, __VA_ARGS__)
#define FAIL_PICK(fmt, a, b, d, e, name, ...) name
#define FAIL0(c, st, fmt) call_fail(c, st, fmt, 0, 0, 0, 0)
#define FAIL1(c, st, fmt, a) call_fail(c, st, fmt, (uint64_t)(a), 0, 0, 0)
#define FAIL2(c, st, fmt, a, b) call_fail(c, st, fmt, (uint64_t)(a), (uint64_t)(b), 0, 0)
#define FAIL3(c, st, fmt, a, b, d) call_fail(c, st, fmt, (uint64_t)(a), (uint64_t)(b), (uint64_t)(d), 0)
#define FAIL4(c, st, fmt, a, b, d, e) \
	call_fail(c, st, fmt, (uint64_t)(a), (uint64_t)(b), (uint64_t)(d), (uint64_t)(e))
uint64_t call_fail(struct call *c, uint64_t status, const char *rule, uint64_t v0, uint64_t v1, uint64_t v2,
		   uint64_t v3) __attribute__((cold));

/* ---- locks of a call: released by the engine in reverse order ---- */

static inline bool held_try(const struct call *c, void *lock, enum held_kind kind, enum lock_mode mode)
{
	switch (kind) {
	case HELD_PLAIN: return lock_try(lock, mode);
	case HELD_HOST_PRIO: return lock_try_hp(lock, mode, c->guest);
	case HELD_SEPT_ENTRY: return sept_try_lock(lock, c->guest);
	case HELD_LINK: return lock_try_bit(lock, 1);
	}
	return false;
}

static inline void let_go(const struct held *h)
{
	switch (h->kind) {
	case HELD_PLAIN: lock_release(h->lock, h->mode); break;
	case HELD_HOST_PRIO: lock_release_hp(h->lock, h->mode); break;
	case HELD_SEPT_ENTRY: sept_unlock(h->lock); break;
	case HELD_LINK: lock_release_bit(h->lock, 1); break;
	}
}

/* Tries a lock; on success it belongs to the call. */
static inline bool call_lock(struct call *c, void *lock, enum held_kind kind, enum lock_mode mode)
{
	if (mode == LOCK_NONE)
		return true;
	if (!held_try(c, lock, kind, mode))
		return false;
	assert(c->held.count < HELD_MAX);
	c->held.lock[c->held.count++] = (struct held){ lock, (uint8_t)kind, (uint8_t)mode };
	return true;
}
/* The same of a lock that no operand names (abi/locks.abi), or its busy status. */
uint64_t call_lock_named(struct call *c, enum check_lock which, enum lock_mode mode);
/* The same, or OPERAND_BUSY of @operand ("what is busy" completes the sentence). */
uint64_t call_lock_or_busy(struct call *c, void *lock, enum held_kind kind, enum lock_mode mode,
			   unsigned operand, const char *what);
/* Locks c->sept.entry and reads it again, or OPERAND_BUSY of @operand. */
uint64_t call_lock_sept_entry(struct call *c, unsigned operand);
/* Releases one lock early. */
void call_unlock(struct call *c, void *lock);
/* Moves all locks to @to: VP.ENTER keeps its pages locked until the TD exit, which releases them. */
void call_hand_over(struct call *c, struct held_set *to);
/* Releases all locks that were taken since @count were held. */
static inline void held_release(struct held_set *h, unsigned count)
{
	while (h->count > count)
		let_go(&h->lock[--h->count]);
}

/* ---- checks that a leaf's own code may call: the same that the rows name ---- */

/* GPR @reg holds a page of type @type: format, TDMR, lock, type. Fills @ref. */
uint64_t check_page(struct call *c, unsigned reg, uint64_t pa, enum page_type type, enum lock_mode mode, struct page_ref *ref);
/* GPR @reg holds the address of a TDR: fills c->td. */
uint64_t check_tdr(struct call *c, unsigned reg, enum lock_mode mode);
/* GPR @reg holds the address of a TDVPR; then its owner TDR, shared: fills c->vp and c->td. */
uint64_t check_tdvpr(struct call *c, unsigned reg, enum lock_mode mode);
/* Not fatal, keys configured, TDCS complete, op_state locked in @mode and in the set @allowed; 0: any. */
uint64_t check_td_state_in(struct call *c, enum lock_mode mode, unsigned allowed);
static inline uint64_t check_td_state(struct call *c, enum lock_mode mode)
{
	return check_td_state_in(c, mode, c->leaf->op_states);
}
/* A buffer of the host: aligned to @align (a power of two), within the address width, outside the SEAM range, no private key id. */
uint64_t check_shared(struct call *c, unsigned reg, uint64_t pa, uint64_t align);
/* The vCPU has all its pages. */
uint64_t check_tdvps_complete(struct call *c);
/* The vCPU is or becomes associated with this logical processor. */
uint64_t check_vcpu_associate(struct call *c, bool allow_disabled);
/* The same whatever the vCPU's state. */
uint64_t vcpu_associate(struct call *c);
/* Splits a GPA|level operand into c->gpa, c->level: reserved bits, level range, alignment. */
uint64_t check_gpa_level(struct call *c, unsigned reg, unsigned min, unsigned max);
/* Takes the tree lock in @mode, checks the GPA to be private and walks to c->level; WALK_FAILED unless reached. */
uint64_t check_sept_walk(struct call *c, unsigned reg, enum lock_mode mode);

/* The TDR page itself, found through a page that it owns. */
uint64_t check_owner_tdr(struct call *c, uint64_t tdr_pa, enum lock_mode mode);
/* Not fatal, keys configured. */
uint64_t check_td_keys(struct call *c);
/* Bytes of TD_PARAMS that are reserved. */
uint64_t check_zero(struct call *c, const uint8_t *bytes, size_t len, const char *name);
/* The leaf has this version. */
uint64_t check_version(struct call *c);
/* GPR @reg holds the address of any 4K page of a TDMR, of whatever type and size: fills c->page. */
uint64_t check_page_any(struct call *c, unsigned reg, enum lock_mode mode);
/* c->gpa is private and fits the TD. */
uint64_t check_gpa_private(struct call *c, unsigned reg);
/* GPR @reg holds such a GPA, of a page in one of @states: c->sept. */
uint64_t check_gpa_mapped(struct call *c, unsigned reg, uint32_t states);
/* The BEPOCH of what c->sept maps has been tracked, where the TD's state requires it. */
uint64_t check_bepoch_tracked(struct call *c, unsigned operand);

#define NULL_PA (~0ull)
/* Makes c->table[vm] a table that maps nothing; then hangs it into the tree of @vm. */
uint64_t *sept_new_table(struct call *c, unsigned vm);
void sept_hang_table(struct call *c, unsigned vm);
/* The reverse for an L2 VM: the entry where it hung becomes @leaf, or free (0). */
void drop_l2_table(struct call *c, unsigned vm, uint64_t leaf);
/* Finds and locks the tables that L2 VMs have at c->sept. */
uint64_t lock_l2_tables(struct call *c);

/* Refuses with c->sept in RCX and RDX; the rule gets its GPA, level and state. */
uint64_t sept_fail(struct call *c, uint64_t status, const char *rule);
/* c->sept in RCX and RDX. */
void sept_put(struct call *c);
/* The PAMT entry of what c->sept maps. */
struct pamt_entry *sept_target_pamt(struct call *c);

/* RDX of some leaves is a TDR address with a flag in bit 0: separates them into c->in[RDX] and c->flags. */
uint64_t split_tdr_flag(struct call *c, uint64_t allowed);

/* A page that becomes part of TD @owner (0: a TDR): with this content or zeroed (NULL), under @hkid, recorded in the PAMT. */
void page_take(struct call *c, struct page_ref *page, enum page_type type, uint64_t owner, unsigned hkid,
	       const void *content);
/* False: no entropy. */
bool random_words(struct call *c, uint64_t *words, unsigned n);
/* Gives @hkid a fresh key on this logical processor's package. */
uint64_t key_program(struct call *c, unsigned hkid);

/* True when an interrupt is pending for the host: interruptible leaves stop at a consistent point. */
bool call_interrupted(struct call *c);

/*
 * The host's buffer at @pa (it may carry a shared key id) as the host sees it: reading may go through @bounce (@len
 * bytes), writing destroys private pages. NULL: no such memory. The host may change it at any time: copy, then check.
 */
const void *shared_in(struct call *c, uint64_t pa, uint64_t len, void *bounce);
void *shared_out(struct call *c, uint64_t pa, uint64_t len);

/* ---- dispatch ---- */

/* The guest's leaf with this number, NULL if there is none. TDCALL exits come here with c->td, c->vp, c->vm set. */
const struct leaf *leaf_guest(unsigned number);
/* Checks RAX, picks the row and runs it. */
void call_dispatch_guest(struct call *c);

#endif
