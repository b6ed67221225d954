"""The broker's error codes and their texts.

Where the broker's document prints a text in full it stands here letter for letter, including the
broker's uneven spacing and apostrophes; the rest is written by us in the same shape. Clients
must compare codes, never texts, so a wrong guess here cannot teach them anything wrong.
"""

EXCHANGES = (
    "NSEEQ", "NSEFO", "BSEEQ", "BSEFO", "NSECURR",
    "BSECURR", "MCXCOMM", "NSECOMM", "BSECOMM", "NCDEXCOMM",
)  # fmt: skip
PRODUCTS = ("NORMAL", "INTRADAY", "DELIVERY", "BNPL")
SIDES = ("BUY", "SELL")
ORDER_TYPES = ("LIMIT", "MARKET", "SL", "SLM")
COMPLEXITIES = ("REGULAR", "AMO", "BO", "CO")
VALIDITIES = ("DAY", "IOC")
LOT_SEGMENTS = frozenset({"MCXCOMM", "NSECOMM", "BSECOMM", "NCDEXCOMM"})
"""Segments whose quantity counts lots, not units."""
CURRENCY_SEGMENTS = frozenset({"NSECURR", "BSECURR"})
EQUITY_SEGMENTS = frozenset({"NSEEQ", "BSEEQ"})
DISCLOSED_SEGMENTS = frozenset({"NSEEQ", "BSEEQ", "MCXCOMM", "NSECURR", "BSECURR"})
MAX_QUANTITY = 50_000_000


def _accepts(field: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"Invalid parameter: '{field}' Accepts only {{ {listed} }}."


def _empty(field: str) -> str:
    return f"Invalid parameter : '{field}' cannot be empty or null."


_LOGIN = {
    "EC001": "UserIdentity cannot be empty or null.",
    "EC002": "Client does not exist.",
    "EC003": "Something Went Wrong, Please Try After Sometime.",
    "EC004": "User blocked.",
    "EC005": "Request cannot be null or empty.",
    "EC006": "Password cannot be empty or null.",
    "EC007": "Client id cannot be empty or null.",
    "EC008": "Email cannot be empty or null.",
    "EC009": "Phone number cannot be empty or null.",
    "EC010": "PAN cannot be empty or null.",
    "EC011": "Invalid login field.",
    "EC012": "More than one client id is linked to this login.",
    "EC013": "Select one of the linked client ids.",
    "EC014": "Account blocked.",
    "EC015": "OTP cannot be empty or null.",
    "EC016": "Invalid userId or password.",
    "EC018": "OTP has expired.",
    "EC019": "Invalid OTP.",
    "EC020": "OTP attempts exceeded.",
    "EC024": "OTP could not be sent.",
    "EC025": "OTP resend limit exceeded.",
    "EC034": "TOTP cannot be empty or null.",
    "EC035": "Invalid TOTP.",
    "EC036": "TOTP is not enabled.",
    "EC043": "TOTP attempts exceeded.",
    "EC044": "Error : Token is not valid.",
    "EC045": "Token is valid.",
    "EC052": "OTP is required.",
    "EC053": "appKey cannot be empty or null.",
    "EC054": "Incorrect appKey.",
    "EC055": "Error : Unauthorized. Authorize the application to obtain the auth code.",
    "EC056": "ceData cannot be empty or null.",
    "EC057": "cEncData cannot be empty or null.",
    "EC062": "Error while decrypting the request.",
    "EC069": "Password expired.",
    "EC075": "Error: Unauthorized access.",
    "EC076": "Service not available for this account type.",
    "EC080": "OTP is not valid for this request.",
    "EC081": "Account voluntarily frozen.",
}

_SERVICE = {
    "EC500": "Error : IP address not authorized for trading.",
    "EC701": "Error : BSE order cannot be modified to SL.",
    "EC702": "Error : Only price can be modified for sub leg orders.",
    "EC703": "Error : Account is dormant.",
    "EC704": "Error : Account is frozen.",
    "EC705": "Error : Account is voluntarily frozen.",
    "EC801": _empty("interval"),
    "EC802": "Invalid parameter : 'interval'.",
    "EC803": _empty("fromDate"),
    "EC804": "Invalid parameter : 'fromDate'.",
    "EC805": _empty("toDate"),
    "EC806": "Invalid parameter : 'toDate'.",
    "EC807": "Error : 'fromDate' should not be after 'toDate'.",
    "EC808": "Invalid parameter : 'instrumentId' must be greater than zero.",
    "EC809": "Error : Date range exceeds the allowed limit.",
    "EC810": "Error : 'fromDate' must precede 'toDate'.",
}

_ORDERS = {
    "EC900": "Invalid parameter : 'exchange' cannot be empty or null.",
    "EC901": _accepts("exchange", EXCHANGES),
    "EC903": _empty("quantity"),
    "EC904": "Invalid parameter : 'quantity' must be a positive integer.",
    "EC912": "Error : Error while placing order.",
    "EC913": "Error : Error while modifying order.",
    "EC914": "'Request parameter' cannot be empty or null",
    "EC915": "Error while fetching order book.",
    "EC916": "Error : No order's found for this user.",
    "EC917": "Error while fetching order history.",
    "EC918": "Error : No order history found for given order id.",
    "EC919": "Error while fetching position book.",
    "EC920": "Error : No Positions found for this user.",
    "EC921": "Error while fetching holdings.",
    "EC922": "Error : No holdings found for this user.",
    "EC923": "Error while fetching profile details.",
    "EC924": "Error while fetching RMS limits.",
    "EC926": "Error : No Trade's are found for this user.",
    "EC927": "Error while fetching trade book.",
    "EC928": _accepts("product", PRODUCTS),
    "EC929": _accepts("transactionType", SIDES),
    "EC930": _accepts("orderType", ORDER_TYPES),
    "EC931": _accepts("orderComplexity", COMPLEXITIES),
    "EC932": _accepts("validity", VALIDITIES),
    "EC934": _empty("orderType"),
    "EC935": "Error while fetching single order margin.",
    "EC936": _empty("product"),
    "EC937": "Error : Error while canceling all order's.",
    "EC938": "Error : No Open order's to cancel.",
    "EC939": "Error while fetching span margin.",
    "EC940": "Error while logging out.",
    "EC941": _empty("instrumentId"),
    "EC942": _empty("orderComplexity"),
    "EC943": (
        "Invalid parameter : 'orderComplexity' Accepts only { 'REGULAR', 'AMO', 'BO' , 'CO' }."
    ),
    "EC944": _empty("validity"),
    "EC945": _empty("brokerOrderId"),
    "EC946": "Invalid parameter : 'instrumentId' must contain only numeric characters.",
    "EC947": "Invalid parameter : 'instrumentId' does not exist.",
    "EC948": "Invalid parameter : 'quantity' should not be more than 50000000.",
    "EC949": "Invalid parameter : 'quantity' must be a positive integer.",
    "EC950": "Error : 'price' is required for LIMIT and SL orders.",
    "EC951": "Error : 'slTriggerPrice' is required for SL and SLM orders.",
    "EC952": "Error : 'slLegPrice' is required for BO and CO orders.",
    "EC953": "Error : 'targetLegPrice' is required for BO orders.",
    "EC954": "Error : 'quantity' Should be multiple of lotsize.",
    "EC955": "Error : BO and CO orders are allowed only for product INTRADAY.",
    "EC956": "Error : DELIVERY and BNPL are allowed only for NSEEQ and BSEEQ.",
    "EC957": "Invalid parameter : 'price'.",
    "EC958": "Invalid parameter : 'price' cannot be zero or negative.",
    "EC959": "Invalid parameter : 'slTriggerPrice'.",
    "EC960": "Invalid parameter : 'slTriggerPrice' cannot be zero or negative.",
    "EC961": "Invalid parameter : 'slLegPrice'.",
    "EC962": "Invalid parameter : 'slLegPrice' cannot be zero or negative.",
    "EC963": "Invalid parameter : 'targetLegPrice'.",
    "EC964": "Invalid parameter : 'targetLegPrice' cannot be zero or negative.",
    "EC965": "Error : BO orders are allowed only for order types LIMIT and SL.",
    "EC966": "Error : 'trailingSlAmount' is required.",
    "EC967": "Error : 'trailingSlAmount' must be a positive number.",
    "EC968": "Error : 'trailingSlAmount' cannot be zero or negative.",
    "EC969": "Error : Only NORMAL and INTRADAY are allowed for this exchange.",
    "EC970": "Error : 'disclosedQuantity' is not allowed for this exchange.",
    "EC971": "Invalid parameter : 'orderTag' should not be more than 50 characters.",
    "EC972": "Invalid parameter : 'algoId' should not be more than 12 characters.",
    "EC973": "Error : 'slTriggerPrice' must be less than 'price' for BUY SL orders.",
    "EC974": "Error : 'slTriggerPrice' must be greater than 'price' for SELL SL orders.",
    "EC975": "Error : 'disclosedQuantity' cannot be more than 'quantity'.",
    "EC976": "Invalid parameter : 'price' is out of range.",
    "EC977": "Error : 'slTriggerPrice' is not allowed for LIMIT and MARKET orders.",
    "EC978": "Error : 'price' is not allowed for MARKET and SLM orders.",
    "EC979": "Invalid 'brokerOrderId'.",
    "EC980": "Invalid 'instrumentId'.",
    "EC981": "Invalid parameter : 'disclosedQuantity'.",
    "EC982": "Error : 'disclosedQuantity' must be zero for AMO orders.",
    "EC983": "Invalid 'algoId'.",
    "EC984": "Invalid 'orderTag'.",
    "EC985": "Invalid 'brokerOrderId'.",
    "EC986": "Error : Span margin is not applicable for equity segments.",
    "EC987": "Error : Span margin is allowed only for derivative segments.",
    "EC988": "Error : 'marketProtectionPercent ' must be a positive number.",
    "EC989": "Error : CO orders are allowed only for order types LIMIT and MARKET.",
    "EC990": "Error : 'quantity' Should be multiple of lotsize.",
    "EC991": "Error : 'disclosedQuantity' should be multiple of lotsize.",
    "EC992": "Error : Not able to modify the order.",
    "EC993": "Error : Order is not in a valid state to modify.",
    "EC994": "Error : Order to modify is not in your order book.",
    "EC995": "Error : There is no order to cancel.",
    "EC996": "Error : 'validity' IOC is not allowed for AMO order.",
    "EC997": "Error : Order is not in the order book. Cannot cancel.",
    "EC998": "Error : Order is not in the order book. No history found.",
    "EC999": "Error : Order is not in the order book. Cannot modify.",
}

TEXTS = _LOGIN | _SERVICE | _ORDERS


def text_of(code: str) -> str:
    """The message that goes with a code; an unlisted code gets a text of the same shape."""
    return TEXTS.get(code, f"Error : Request failed with {code}.")
